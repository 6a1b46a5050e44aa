/* The functions of a program for any number of examples, made of its own ones for one vector of lanes:
 *
 *     value(n, p, x, roots, memory)
 *     gradient(n, p, x, seed, roots, sums, dx, memory)
 *
 * A row of x, roots and dx has n numbers. gradient adds to a vector of sums for each of PARAMETERS. INPUTS, ROOTS and
 * SLOPES are the rows of x, roots and dx, and MEMORY is the number of vectors that a program needs besides. Examples at
 * the end that don't fill a vector are joined by copies of the first of them, whose results are dropped. */

/* Arrays of more numbers than this are too large for the stack of a thread. */
#define SMALL 4096
#if (MEMORY + 2 * PARAMETERS) * LANES > SMALL
#define KEPT static _Thread_local
#else
#define KEPT
#endif
#if (INPUTS + ROOTS + SLOPES) * LANES > SMALL
#define KEPT_ROWS static _Thread_local
#else
#define KEPT_ROWS
#endif

#if LANES > 1
/* Rows of a few numbers as rows of LANES; the first number of a row stands in the other lanes, too. */
static void widened(long rows, long count, long n, const REAL *from, REAL *to) {
    for (long k = 0; k < rows; k++) {
        for (long i = 0; i < count; i++) to[k * LANES + i] = from[k * n + i];
        for (long i = count; i < LANES; i++) to[k * LANES + i] = from[k * n];
    }
}

static void narrowed(long rows, long count, long n, const REAL *from, REAL *to) {
    for (long k = 0; k < rows; k++)
        for (long i = 0; i < count; i++) to[k * n + i] = from[k * LANES + i];
}
#endif

void program_value(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL *roots) {
    KEPT V memory[MEMORY + 1];
    long i = first;
    (void)self;
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
#define PADDED ((PARAMETERS + LANES - 1) / LANES * LANES)

#if LANES == 1
static void add_sums(const V *sums, REAL *dp) {
    for (long k = 0; k < PARAMETERS; k++) dp[k] += sums[k];
}
#else
/* The lanes of two vectors, of which every second group of `size` is of one of them, plus the groups beside these. */
#define LOW(i, size) ((i) & ~(size)) + ((i) & (size) ? LANES : 0)
#define HIGH(i, size) LOW(i, size) + (size)
#define EACH_2(of, i, size) of((i), size), of((i) + 1, size)
#define EACH_4(of, i, size) EACH_2(of, (i), size), EACH_2(of, (i) + 2, size)
#define EACH_8(of, i, size) EACH_4(of, (i), size), EACH_4(of, (i) + 4, size)
#define EACH_16(of, i, size) EACH_8(of, (i), size), EACH_8(of, (i) + 8, size)
#define EACH_OF(lanes) JOINED(EACH_, lanes)
#ifdef __clang__
#define TAKEN(a, b, of, size) __builtin_shufflevector(a, b, EACH_OF(LANES)(of, 0, size))
#else
#define TAKEN(a, b, of, size) __builtin_shuffle(a, b, (I){EACH_OF(LANES)(of, 0, size)})
#endif
#define HALVED(v, size) \
    for (long k = 0; k < LANES / (size) / 2; k++) \
        v[k] = TAKEN(v[2 * k], v[2 * k + 1], LOW, size) + TAKEN(v[2 * k], v[2 * k + 1], HIGH, size);

/* The sum of the lanes of each of LANES vectors. */
static V sums_of_lanes(const V *vectors) {
    V v[LANES];
    for (long k = 0; k < LANES; k++) v[k] = vectors[k];
    HALVED(v, 1)
#if LANES > 2
    HALVED(v, 2)
#endif
#if LANES > 4
    HALVED(v, 4)
#endif
#if LANES > 8
    HALVED(v, 8)
#endif
    return v[0];
}

static void add_sums(const V *sums, REAL *dp) {
    long k = 0;
    for (; k + LANES <= PARAMETERS; k += LANES) store(dp + k, load(dp + k) + sums_of_lanes(sums + k));
    if (k < PARAMETERS) {
        const V last = sums_of_lanes(sums + k);
        for (long i = 0; k + i < PARAMETERS; i++) dp[k + i] += LANE(last, i);
    }
}

/* Adds the first lanes of vectors. */
static void add_lanes(long count, const V *more, V *sums) {
    V lane = splat(0);
    for (long i = 0; i < LANES; i++) LANE(lane, i) = (REAL)i;
    const M used = less(lane, splat(count));
    for (long k = 0; k < PARAMETERS; k++) sums[k] += choose(used, more[k], splat(0));
}
#endif

void program_gradient(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL seed,
                      REAL *roots, REAL *dp, REAL *dx) {
    KEPT V memory[MEMORY + 1], sums[PADDED + 1];
    long i = first;
    (void)self;
    for (long k = 0; k < PADDED; k++) sums[k] = splat(0);
    for (; i + LANES <= stop; i += LANES) gradient(n, p, x + i, seed, roots + i, sums, SLOPES ? dx + i : dx, memory);
#if LANES > 1
    if (i < stop) {
        KEPT_ROWS REAL rows[INPUTS * LANES + 1], found[ROOTS * LANES], slopes[SLOPES * LANES + 1];
        KEPT V more[PADDED + 1];
        for (long k = 0; k < PADDED; k++) more[k] = splat(0);
        widened(INPUTS, stop - i, n, x + i, rows);
        gradient(LANES, p, rows, seed, found, more, slopes, memory);
        narrowed(ROOTS, stop - i, n, found, roots + i);
#if SLOPES
        narrowed(SLOPES, stop - i, n, slopes, dx + i);
#endif
        add_lanes(stop - i, more, sums);
    }
#endif
    add_sums(sums, dp);
}
#endif
