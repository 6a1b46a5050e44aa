/* A program as the machine runs it: interpreter.h runs it, plan.c prepares it, machine.c gives both to Python. */

#ifndef AUTOGRAD_MACHINE_H
#define AUTOGRAD_MACHINE_H

#include <stdint.h>

#include "program.h"

/* The codes of the instructions that are written here; those of instructions.h follow.
 *
 * FEW_TERMS + 3·a + b is a linear node of a terms w·x and b terms w·x·y, with a and b up to 2. */
enum { END, LINEAR, SUM, LOAD, STORE, FEW_TERMS, FIRST_OF_RULES = FEW_TERMS + 9 };

/* The streams of a program. Numbers are doubles, or all of them floats.
 *
 * The first stream and the last one are for what is the same in all lanes, so their registers are numbers; those of the
 * two between them are vectors. A program for one example has no streams for lanes.
 *
 * Registers of numbers: the parameters; the inputs, if it is for one example; the seed; 1; constants; and the results. */
struct machine {
    int64_t one;                      /* whether it is for one example */
    int64_t parameters, inputs, roots;
    int64_t numbers, vectors, width;  /* registers of numbers and of vectors; the lanes of a block at most */
    int64_t forward_numbers;          /* of linear nodes in the first stream for lanes; the others are for the second */
    int64_t lane_numbers, weights;    /* of both; and how many of them depend on registers */
    int64_t sums, first_sum;          /* sums over lanes, and the register of the first one */

    const int32_t *before, *forward, *backward, *after;
    const void *numbers_before, *numbers_for_lanes, *numbers_after; /* of linear nodes */
    const void *initial;                                            /* the registers of numbers before the first call */

    /* The numbers that depend on registers: to a place, a number times two of them is added. */
    const int32_t *weight_places, *weight_registers;
    const void *weight_numbers;

    /* The registers of the gradients of parameters; those of the roots and of the gradients of inputs of one example.
     * -1 is for a gradient of 0. */
    const int32_t *by_parameters, *root_registers, *by_inputs;

    void *spare; /* memory for one call, or NULL while one uses it */
};

/* The machine for one kind of numbers and one kind of processors: functions of a program, whose self is a struct machine. */
struct machine_kind {
    void *value, *gradient, *update;
    int lanes;
    /* Memory for one call, kept with the program, so that a call can't fail; 0 if there is none. Freed by the other. */
    int (*reserve)(struct machine *);
    void (*release)(struct machine *);
};

#ifdef Py_PYTHON_H
/* Adds the functions of machine.c to the extension. */
int machine_exec(PyObject *module);
#endif

#endif
