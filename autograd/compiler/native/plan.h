/* The parts of preparing a program for the machine that go from node to node; see plan.c. */

#ifndef AUTOGRAD_PLAN_H
#define AUTOGRAD_PLAN_H

#include <stdint.h>

/* The terms of nodes 0 … count - 1. */
struct terms {
    int64_t count;
    const int64_t *starts;
    const int32_t *left, *right;
};

void find_starts(int64_t terms, const int32_t *owner, int64_t count, int64_t *starts);
void mark_readers(const struct terms *of, const uint8_t *passes, uint8_t *marks);
void mark_operands(const struct terms *of, const uint8_t *passes, const uint8_t *allowed, uint8_t *marks);
void number_levels(const struct terms *of, int32_t *levels);
void sort_keys(int64_t count, const int32_t *keys, int64_t *starts, int64_t kinds, int32_t *order);
int64_t share_registers(int64_t count, const int64_t *starts, const int32_t *operands, int32_t *last, int32_t *stack,
                        int32_t *registers);

/* What more is known of nodes and their terms when they become instructions. */
struct nodes {
    struct terms terms;
    const int16_t *codes;
    const double *numbers, *coefficients;
    const int8_t *kinds;     /* Of each term: w·x, w·x·y, or w without a vector. */
    const int32_t *registers; /* Of a register 1 before the first node, and of each node. */
    const int32_t *results;  /* The register of each node, or the place of a sum. */
};

/* Instructions as they are written, and how many numbers of each kind there are so far. */
struct stream {
    int32_t *words;
    double *numbers;
    int32_t *weight_places, *weight_registers;
    double *weights;
    int64_t word_count, number_count, weight_count;
};

void write_stream(const struct nodes *of, int64_t count, const int32_t *order, struct stream *to);

extern const char *const names_of_instructions, *const digest_of_sources;

#endif
