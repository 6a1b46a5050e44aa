/* The functions of a program for any number of examples, made of its own ones for one vector of lanes:
 *
 *     value(n, p, x, roots, memory)
 *     gradient(n, p, x, seed, roots, sums, dx, memory)
 *
 * A row of x, roots and dx has n numbers. gradient adds to a vector of sums for each of PARAMETERS. INPUTS, ROOTS and
 * SLOPES are the rows of x, roots and dx, and MEMORY is the number of vectors that a program needs besides. Examples
 * that don't fill a vector are joined by copies of the first of them, and what these give is dropped. */

/* On the stack of a thread there is room for arrays of so many numbers. */
#define SMALL 8192
#define PADDED ((PARAMETERS + LANES - 1) / LANES * LANES)
#if (MEMORY + PADDED + INPUTS + ROOTS + SLOPES) * LANES > SMALL
#define KEPT static _Thread_local
#else
#define KEPT
#endif

/* Asks for the lines of rows of n numbers that are needed some vectors later, because a processor by itself fetches
 * ahead no further than to the end of a page. It pays where a program has few rows: then it computes for a short time
 * with each line. A place behind the end of an array is asked for, and never read. */
#if defined __GNUC__ && BYTES >= 32 && INPUTS + ROOTS + SLOPES <= 16
#define AHEAD (32 * LANES)
#define FETCH(row, rows, writes) \
    for (long k = 0; k < (rows); k++) __builtin_prefetch((row) + k * n + AHEAD, writes)
#else
#define FETCH(row, rows, writes)
#endif

#if LANES > 1
/* Rows of a few numbers as rows of LANES; the first number of a row stands in the other lanes too. */
static void widened(long rows, long count, long n, const REAL *from, REAL *to) {
    for (long k = 0; k < rows; k++) store(to + k * LANES, load_part(from + k * n, (int)count));
}

static void narrowed(long rows, long count, long n, const REAL *from, REAL *to) {
    for (long k = 0; k < rows; k++) store_part(to + k * n, load(from + k * LANES), (int)count);
}
#endif

#ifndef UPDATE
/* Writes the roots. */
void program_value(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL *roots) {
    KEPT V memory[MEMORY + 1];
    long i = first;
    (void)self;
    for (; i + LANES <= stop; i += LANES) {
        FETCH(x + i, INPUTS, 0);
        FETCH(roots + i, ROOTS, 1);
        value(n, p, x + i, roots + i, memory);
    }
#if LANES > 1
    if (i < stop) {
        KEPT REAL rows[INPUTS * LANES + 1], found[ROOTS * LANES];
        widened(INPUTS, stop - i, n, x + i, rows);
        value(LANES, p, rows, found, memory);
        narrowed(ROOTS, stop - i, n, found, roots + i);
    }
#endif
}
#else
/* Changes parameters p and the states of their optimiser: they and the gradient g are the inputs, and p and the states
 * the roots. */
void program_update(const void *self, long count, REAL *p, const REAL *g, REAL *states, const REAL *numbers) {
    KEPT V memory[MEMORY + 1];
    KEPT REAL rows[INPUTS * LANES], found[ROOTS * LANES];
    (void)self;
    for (long i = 0; i < count; i += LANES) {
        const int part = (int)(count - i < LANES ? count - i : LANES);
        store(rows, load_part(p + i, part));
        store(rows + LANES, load_part(g + i, part));
        for (long k = 0; k < INPUTS - 2; k++) store(rows + (k + 2) * LANES, load_part(states + k * count + i, part));
        value(LANES, numbers, rows, found, memory);
        store_part(p + i, load(found), part);
        for (long k = 0; k < ROOTS - 1; k++) store_part(states + k * count + i, load(found + (k + 1) * LANES), part);
    }
}
#endif

#ifdef GRADIENT
#if LANES == 1
static void add_sums(const V *sums, REAL *dp) {
    for (long k = 0; k < PARAMETERS; k++) dp[k] += sums[k];
}
#else
/* The lanes of a and b in turn, in groups of a size: those before, and those behind, that are added to them. */
#define BEFORE(i, size) ((i) & ~(size)) + ((i) & (size) ? LANES : 0)
#define BEHIND(i, size) BEFORE(i, size) + (size)
#define EACH_2(of, i, size) of((i), size), of((i) + 1, size)
#define EACH_4(of, i, size) EACH_2(of, (i), size), EACH_2(of, (i) + 2, size)
#define EACH_8(of, i, size) EACH_4(of, (i), size), EACH_4(of, (i) + 4, size)
#if LANES == 2
#define EACH(of, size) EACH_2(of, 0, size)
#elif LANES == 4
#define EACH(of, size) EACH_4(of, 0, size)
#elif LANES == 8
#define EACH(of, size) EACH_8(of, 0, size)
#else
#define EACH(of, size) EACH_8(of, 0, size), EACH_8(of, 8, size)
#endif
#ifdef __clang__
#define TAKEN(a, b, of, size) __builtin_shufflevector(a, b, EACH(of, size))
#else
#define TAKEN(a, b, of, size) __builtin_shuffle(a, b, (I){EACH(of, size)})
#endif
#define PAIRED(v, size)                           \
    for (int k = 0; k < LANES / 2 / (size); k++) { \
        const V a = v[2 * k], b = v[2 * k + 1];   \
        v[k] = TAKEN(a, b, BEFORE, size) + TAKEN(a, b, BEHIND, size); \
    }

/* The sum of the lanes of each of LANES vectors. */
static V sums_of_lanes(const V *vectors) {
    V v[LANES];
    memcpy(v, vectors, sizeof v);
    PAIRED(v, 1)
#if LANES > 2
    PAIRED(v, 2)
#endif
#if LANES > 4
    PAIRED(v, 4)
#endif
#if LANES > 8
    PAIRED(v, 8)
#endif
    return v[0];
}

static void add_sums(const V *sums, REAL *dp) {
    for (long k = 0; k < PARAMETERS; k += LANES) {
        const int part = (int)(PARAMETERS - k < LANES ? PARAMETERS - k : LANES);
        const V found = sums_of_lanes(sums + k);
        if (part == LANES)
            store(dp + k, load(dp + k) + found);
        else
            store_part(dp + k, load_part(dp + k, part) + found, part);
    }
}

/* Sets the lanes behind the first ones to 0. */
static void cut_lanes(long count, V *sums) {
    V lane = splat(0);
    for (int i = 0; i < LANES; i++) LANE(lane, i) = (REAL)i;
    const M used = less(lane, splat(count));
    for (long k = 0; k < PARAMETERS; k++) sums[k] = choose(used, sums[k], splat(0));
}
#endif

/* Writes the roots, and dx if there are SLOPES; adds the sums over the lanes to dp. */
void program_gradient(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL seed,
                      REAL *roots, REAL *dp, REAL *dx) {
    KEPT V memory[MEMORY + 1], sums[PADDED + 1];
    long i = first;
    (void)self;
    for (long k = 0; k < PADDED; k++) sums[k] = splat(0);
#if LANES > 1
    const long part = (stop - first) % LANES;
    if (part > 0) {
        KEPT REAL rows[INPUTS * LANES + 1], found[ROOTS * LANES], slopes[SLOPES * LANES + 1];
        widened(INPUTS, part, n, x + i, rows);
        gradient(LANES, p, rows, seed, found, sums, slopes, memory);
        cut_lanes(part, sums);
        narrowed(ROOTS, part, n, found, roots + i);
#if SLOPES
        narrowed(SLOPES, part, n, slopes, dx + i);
#endif
        i += part;
    }
#endif
    for (; i < stop; i += LANES) {
        FETCH(x + i, INPUTS, 0);
        FETCH(roots + i, ROOTS, 1);
        FETCH(dx + i, SLOPES, 1);
        gradient(n, p, x + i, seed, roots + i, sums, SLOPES ? dx + i : dx, memory);
    }
    if (dp != NULL) add_sums(sums, dp);
}
#endif
