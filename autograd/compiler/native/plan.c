/* The parts of preparing a program for the machine that go from node to node, each in time of the number of terms.
 *
 * A graph has the nodes 0 … n - 1, operands first. The terms of node v are starts[v] … starts[v + 1] - 1; a term reads the
 * node left and, unless it is -1, the node right. */

#include <stdlib.h>

#include "machine.h"
#include "names.h"

/* The instructions: for each a line with its code, a name, and its operands. */
const char *const machine_names = NAMES;

/* Marks each node that reads a marked one in a term that passes. */
void plan_mark_readers(int64_t n, const int64_t *starts, const int32_t *left, const int32_t *right,
                       const uint8_t *passes, uint8_t *marks) {
    for (int64_t v = 0; v < n; v++)
        for (int64_t i = starts[v]; i < starts[v + 1] && !marks[v]; i++)
            marks[v] = passes[i] && (marks[left[i]] || (right[i] >= 0 && marks[right[i]]));
}

/* Marks each node that a marked one reads in a term that passes, of those that are allowed. */
void plan_mark_operands(int64_t n, const int64_t *starts, const int32_t *left, const int32_t *right,
                        const uint8_t *passes, const uint8_t *allowed, uint8_t *marks) {
    for (int64_t v = n - 1; v >= 0; v--)
        for (int64_t i = marks[v] ? starts[v] : starts[v + 1]; i < starts[v + 1]; i++)
            if (passes[i]) {
                marks[left[i]] |= allowed[left[i]];
                if (right[i] >= 0) marks[right[i]] |= allowed[right[i]];
            }
}

/* The level of each node: one above the highest of its operands. */
void plan_levels(int64_t n, const int64_t *starts, const int32_t *left, const int32_t *right, int32_t *levels) {
    for (int64_t v = 0; v < n; v++) {
        int32_t level = 0;
        for (int64_t i = starts[v]; i < starts[v + 1]; i++) {
            if (levels[left[i]] >= level) level = levels[left[i]] + 1;
            if (right[i] >= 0 && levels[right[i]] >= level) level = levels[right[i]] + 1;
        }
        levels[v] = level;
    }
}

/* The places of n keys from 0 to `kinds` - 1 in ascending order, equal ones in their order; counts has room for
 * kinds + 1 numbers, all 0. */
void plan_sort(int64_t n, const int32_t *keys, int64_t *counts, int64_t kinds, int32_t *order) {
    for (int64_t i = 0; i < n; i++) counts[keys[i] + 1]++;
    for (int64_t k = 0; k < kinds; k++) counts[k + 1] += counts[k];
    for (int64_t i = 0; i < n; i++) order[counts[keys[i]]++] = (int32_t)i;
}

/* A register for each of n results, none of which is overwritten before it is read last; returned is how many there are.
 *
 * Result i reads the results operands[starts[i]] …; a result may have the register of one that it reads itself. last and
 * stack have room for n numbers. */
int64_t plan_registers(int64_t n, const int64_t *starts, const int32_t *operands, int32_t *last, int32_t *stack,
                       int32_t *registers) {
    int64_t count = 0, unused = 0;
    for (int64_t i = 0; i < n; i++) last[i] = -1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = starts[i]; k < starts[i + 1]; k++) last[operands[k]] = (int32_t)i;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = starts[i]; k < starts[i + 1]; k++)
            if (last[operands[k]] == i) {
                stack[unused++] = registers[operands[k]];
                last[operands[k]] = -1;
            }
        registers[i] = unused ? stack[--unused] : (int32_t)count++;
        if (last[i] < 0) stack[unused++] = registers[i];
    }
    return count;
}
