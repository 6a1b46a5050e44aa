/* The functions of a program for any number of examples, around its own ones for one vector of lanes:
 *
 *     value(n, p, x, roots, memory)
 *     gradient(n, p, x, seed, roots, sums, dx, memory)
 *
 * A row of x, roots and dx has n numbers. gradient adds to a sum for each of PARAMETERS, lane by lane. INPUTS and ROOTS
 * are the numbers of those rows, and MEMORY is the number of vectors that a program keeps between its parts. What the
 * examples at the end leave of a vector is filled with the first of them, and its results are dropped. */

#define SMALL 4096
/* Larger arrays than this many numbers are no good on the stack of a thread. */
#if (MEMORY + PARAMETERS) * LANES > SMALL
#define KEPT static _Thread_local
#else
#define KEPT
#endif
#if (INPUTS + ROOTS) * 2 * LANES > SMALL
#define KEPT_ROWS static _Thread_local
#else
#define KEPT_ROWS
#endif

#if LANES > 1
/* Rows of a few numbers as rows of LANES; the first number stands in the other lanes, too. */
static void widened(long rows, long count, long n, const REAL *from, REAL *to) {
    for (long k = 0; k < rows; k++)
        for (long i = 0; i < LANES; i++) to[k * LANES + i] = from[k * n + (i < count ? i : 0)];
}

static void narrowed(long rows, long count, long n, const REAL *from, REAL *to) {
    for (long k = 0; k < rows; k++)
        for (long i = 0; i < count; i++) to[k * n + i] = from[k * LANES + i];
}
#endif

void program_value(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL *roots) {
    KEPT V memory[MEMORY + 1];
    (void)self;
    long i = first;
    for (; i + LANES <= stop; i += LANES) value(n, p, x + i, roots + i, memory);
#if LANES > 1
    if (i < stop) {
        KEPT_ROWS REAL rows[INPUTS * LANES + 1], found[ROOTS * LANES];
        widened(INPUTS, stop - i, n, x + i, rows);
        value(LANES, p, rows, found, memory);
        narrowed(ROOTS, stop - i, n, found, roots + i);
    }
#endif
}

#ifdef GRADIENT
/* Adds to each number the sum of the first lanes of a vector. */
static void add_sums(long count, const V *sums, REAL *dp) {
    for (long k = 0; k < PARAMETERS; k++) dp[k] += sum_part(sums[k], (int)count);
}

void program_gradient(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL seed,
                      REAL *roots, REAL *dp, REAL *dx) {
    KEPT V memory[MEMORY + 1], sums[PARAMETERS + 1];
    (void)self;
    for (long k = 0; k < PARAMETERS; k++) sums[k] = splat(0);
    long i = first;
    for (; i + LANES <= stop; i += LANES) gradient(n, p, x + i, seed, roots + i, sums, dx + i, memory);
    add_sums(LANES, sums, dp);
#if LANES > 1
    if (i < stop) {
        KEPT_ROWS REAL rows[INPUTS * LANES + 1], found[ROOTS * LANES], slopes[INPUTS * LANES + 1];
        for (long k = 0; k < PARAMETERS; k++) sums[k] = splat(0);
        widened(INPUTS, stop - i, n, x + i, rows);
        gradient(LANES, p, rows, seed, found, sums, slopes, memory);
        add_sums(stop - i, sums, dp);
        narrowed(ROOTS, stop - i, n, found, roots + i);
        narrowed(INPUTS, stop - i, n, slopes, dx + i);
    }
#endif
}
#endif
