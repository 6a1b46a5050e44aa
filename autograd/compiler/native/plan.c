/* The parts of preparing a program for the machine that go from node to node, each in time of the number of terms.
 *
 * Operands of a node come before it. The terms of node v are starts[v] … starts[v + 1] - 1; a term reads the node left
 * and, unless it is -1, the node right. */

#include "plan.h"

#include "machine.h"
#include "names.h"

#include <stddef.h>

/* For each name of an instruction a line: its code, the name, and its operands. */
const char *const names_of_instructions = NAMES;
const char *const digest_of_sources = DIGEST;

/* Where the terms of each node start, of terms in ascending order of owners. starts has count + 1 zeros. */
void find_starts(int64_t terms, const int32_t *owner, int64_t count, int64_t *starts) {
    for (int64_t i = 0; i < terms; i++) starts[owner[i] + 1]++;
    for (int64_t v = 0; v < count; v++) starts[v + 1] += starts[v];
}

/* Marks each node that reads a marked one in a term that passes. */
void mark_readers(const struct terms *of, const uint8_t *passes, uint8_t *marks) {
    for (int64_t v = 0; v < of->count; v++)
        for (int64_t i = of->starts[v]; i < of->starts[v + 1] && !marks[v]; i++)
            marks[v] = passes[i] && (marks[of->left[i]] || (of->right[i] >= 0 && marks[of->right[i]]));
}

/* Marks each node that a marked one reads in a term that passes, of those that are allowed. */
void mark_operands(const struct terms *of, const uint8_t *passes, const uint8_t *allowed, uint8_t *marks) {
    for (int64_t v = of->count - 1; v >= 0; v--) {
        if (!marks[v]) continue;
        for (int64_t i = of->starts[v]; i < of->starts[v + 1]; i++) {
            const int32_t x = of->left[i], y = of->right[i];
            if (passes[i] && allowed[x]) marks[x] = 1;
            if (passes[i] && y >= 0 && allowed[y]) marks[y] = 1;
        }
    }
}

/* The level of each node: 0 for a leaf, else one above the highest of its operands. */
void number_levels(const struct terms *of, int32_t *levels) {
    for (int64_t v = 0; v < of->count; v++) {
        int32_t level = 0;
        for (int64_t i = of->starts[v]; i < of->starts[v + 1]; i++) {
            const int32_t x = of->left[i], y = of->right[i];
            if (levels[x] >= level) level = levels[x] + 1;
            if (y >= 0 && levels[y] >= level) level = levels[y] + 1;
        }
        levels[v] = level;
    }
}

/* The places of keys from 0 to kinds - 1 in ascending order, equal ones in their order. starts has kinds + 1 zeros. */
void sort_keys(int64_t count, const int32_t *keys, int64_t *starts, int64_t kinds, int32_t *order) {
    for (int64_t i = 0; i < count; i++) starts[keys[i] + 1]++;
    for (int64_t k = 0; k < kinds; k++) starts[k + 1] += starts[k];
    for (int64_t i = 0; i < count; i++) order[starts[keys[i]]++] = (int32_t)i;
}

/* A register for each result, none of which is overwritten before it is read last; returned is how many there are.
 *
 * Result i reads the results operands[starts[i]] … It may have the register of one that it reads. last and stack have
 * room for a number of each result. */
int64_t share_registers(int64_t count, const int64_t *starts, const int32_t *operands, int32_t *last, int32_t *stack,
                        int32_t *registers) {
    int64_t used = 0, unused = 0;
    for (int64_t i = 0; i < count; i++) last[i] = -1;
    for (int64_t i = 0; i < count; i++)
        for (int64_t k = starts[i]; k < starts[i + 1]; k++) last[operands[k]] = (int32_t)i;
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = starts[i]; k < starts[i + 1]; k++)
            if (last[operands[k]] == i) {
                stack[unused++] = registers[operands[k]];
                last[operands[k]] = -1;
            }
        registers[i] = unused ? stack[--unused] : (int32_t)used++;
        if (last[i] < 0) stack[unused++] = registers[i];
    }
    return used;
}

/* ── writing instructions ── */

enum { PLAIN, PRODUCT, ALONE };

static void add_weight(struct stream *to, int64_t place, double by, int32_t a, int32_t b) {
    to->weight_places[to->weight_count] = (int32_t)place;
    to->weight_registers[2 * to->weight_count] = a;
    to->weight_registers[2 * to->weight_count + 1] = b;
    to->weights[to->weight_count++] = by;
}

/* Writes the operands of an operation, or those terms of a linear node that are of one kind. first is the place of the
 * number to which terms without a vector are added. */
static void write_terms(const struct nodes *of, int64_t v, int kind, int64_t first, struct stream *to) {
    const struct terms *terms = &of->terms;
    for (int64_t i = terms->starts[v]; i < terms->starts[v + 1]; i++) {
        if (of->kinds[i] != kind) continue;
        const int32_t x = of->registers[1 + terms->left[i]], y = of->registers[1 + terms->right[i]];
        if (kind == ALONE) {
            add_weight(to, first, of->coefficients[i], x, y);
            continue;
        }
        to->words[to->word_count++] = x;
        if (kind == PRODUCT) to->words[to->word_count++] = y;
        if (of->codes[v] != LINEAR && of->codes[v] != SUM) continue;
        const int weighed = kind == PLAIN && terms->right[i] >= 0;
        if (weighed) add_weight(to, to->number_count, of->coefficients[i], y, of->registers[0]);
        to->numbers[to->number_count++] = weighed ? -0.0 : of->coefficients[i];
    }
}

/* The instruction for a node with so many terms. */
static int32_t code_for(int32_t code, int64_t plain, int64_t products) {
    if (code != LINEAR || plain > 2 || products > 2 || plain + products == 0) return code;
    return (int32_t)(FEW_TERMS + 3 * plain + products);
}

/* Writes nodes in their order; those of one code in a row become one instruction. */
void write_stream(const struct nodes *of, int64_t count, const int32_t *order, struct stream *to) {
    const int64_t *starts = of->terms.starts;
    int32_t *length = NULL, last = END;
    for (int64_t k = 0; k < count; k++) {
        const int64_t v = order[k], first = to->number_count;
        int64_t counts[3] = {0, 0, 0};
        for (int64_t i = starts[v]; i < starts[v + 1]; i++) counts[of->kinds[i]]++;
        const int32_t code = code_for(of->codes[v], counts[PLAIN], counts[PRODUCT]);
        if (code != last) {
            to->words[to->word_count++] = last = code;
            length = &to->words[to->word_count++];
            *length = 0;
        }
        ++*length;
        to->words[to->word_count++] = of->results[v];
        if (code == LINEAR || code == SUM) {
            to->words[to->word_count++] = (int32_t)counts[PLAIN];
            to->words[to->word_count++] = (int32_t)counts[PRODUCT];
        }
        /* To -0 any number may be added without a change, a zero included. */
        const int empty = of->numbers[v] == 0.0 && starts[v] < starts[v + 1];
        if (of->codes[v] == LINEAR) to->numbers[to->number_count++] = empty ? -0.0 : of->numbers[v];
        for (int kind = PLAIN; kind <= ALONE; kind++) write_terms(of, v, kind, first, to);
    }
    to->words[to->word_count++] = END;
}
