/* A program as the machine runs it. machine.c runs it, plan.c makes it. */

#ifndef AUTOGRAD_MACHINE_H
#define AUTOGRAD_MACHINE_H

#include <stdint.h>

#include "program.h"

/* The codes of the instructions that are written here; those of instructions.h follow. */
enum { END, LINEAR, SUM, LOAD, STORE, FIRST_OF_RULES };

/* The streams of a program. Numbers are doubles, or all of them floats.
 *
 * The first stream and the last one are for what is the same in all lanes, so their registers are numbers; those of the
 * two between them are vectors. A program for one example has no streams for lanes.
 *
 * Registers of numbers: the parameters; the inputs, if it is for one example; the seed; constants; and the results. */
struct machine {
    const int32_t *before, *forward, *backward, *after;
    const void *before_numbers, *after_numbers, *lane_numbers;
    int64_t forward_count, lane_count; /* numbers of linear nodes in the streams for lanes: of the first one, of both */
    int64_t one;                       /* whether it is for one example */
    int64_t parameters, inputs, roots;
    int64_t uniforms, slots, width; /* registers of numbers and of vectors; the lanes of a block at most */
    int64_t sums, sum_slot;         /* sums over lanes, and the register of the first one */
    const void *initial;            /* the registers of numbers before the first call */

    /* Numbers of linear nodes that depend on registers: the place gets the number times one or two of them. */
    int64_t weights;
    const int32_t *weight_places, *weight_registers;
    const void *weight_numbers;

    /* The registers of the gradients of parameters, and of the roots and gradients of inputs of one example; -1 for 0. */
    const int32_t *by_parameters, *root_slots, *by_inputs;

    void *spare; /* memory for one call, or NULL while one uses it */
};

/* What the machine does, for one kind of numbers and one kind of processors. */
struct machine_kind {
    void *value, *gradient, *update;
    int lanes;
};

#endif
