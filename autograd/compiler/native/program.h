/* A program as functions of C, compiled from its own text or run by the machine; glue.c calls them.
 *
 * The parameters p, the inputs x (slots, n), the roots (R, n) and the gradients dp and dx are arrays of doubles, or all
 * of them of floats. Functions work on the lanes first … stop - 1, and n is the length of a row of x, roots and dx.
 * They change nothing else, so that several threads may call one program with lanes and a dp of their own. */

#ifndef AUTOGRAD_PROGRAM_H
#define AUTOGRAD_PROGRAM_H

/* Writes the roots. */
typedef void value_double(const void *self, long first, long stop, long n, const double *p, const double *x,
                          double *roots);
typedef void value_float(const void *self, long first, long stop, long n, const float *p, const float *x, float *roots);

/* Writes the roots and dx, and adds the sum over the lanes to dp; either is NULL if it isn't wanted. seed is the
 * gradient of the first root in each lane. */
typedef void gradient_double(const void *self, long first, long stop, long n, const double *p, const double *x,
                             double seed, double *roots, double *dp, double *dx);
typedef void gradient_float(const void *self, long first, long stop, long n, const float *p, const float *x, float seed,
                            float *roots, float *dp, float *dx);

/* Changes count parameters p and the states (S, count) of an optimiser by the gradient g; numbers are those that all
 * parameters share, such as the learning rate. */
typedef void update_double(const void *self, long count, double *p, const double *g, double *states,
                           const double *numbers);
typedef void update_float(const void *self, long count, float *p, const float *g, float *states, const float *numbers);

/* The functions of a program. Those that it lacks are NULL; all others are of doubles, or all of floats. Another part
 * of this extension, such as the machine, gives glue.c a program as a capsule of this name with such a struct, which
 * the destructor of the capsule frees. */
#define PROGRAM_CAPSULE "autograd.compiler.native.program"

struct program {
    void *value, *gradient, *update;
    const void *self;
};

#endif
