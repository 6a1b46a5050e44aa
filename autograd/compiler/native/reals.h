/* Loops over arrays of REAL. glue.c includes this file twice, for double and for float; NAME(word) is the word with the
 * type behind it. */

static void NAME(value_of)(const struct program *code, long first, long stop, long n, const void *p, const void *x,
                           void *roots) {
    ((NAME(value) *)code->value)(code->self, first, stop, n, p, x, roots);
}

static void NAME(gradient_of)(const struct program *code, long first, long stop, long n, const void *p, const void *x,
                              double seed, void *roots, void *dp, void *dx) {
    ((NAME(gradient) *)code->gradient)(code->self, first, stop, n, p, x, (REAL)seed, roots, dp, dx);
}

static void NAME(update_of)(const struct program *code, long count, void *p, const void *g, void *states,
                            const void *numbers) {
    ((NAME(update) *)code->update)(code->self, count, p, g, states, numbers);
}

static double NAME(number)(const void *numbers, long place) { return (double)((const REAL *)numbers)[place]; }

static void NAME(count_up)(void *numbers, long place) { ((REAL *)numbers)[place] += (REAL)1; }

/* The mean of numbers, in several sums that the processor makes side by side. Each number is divided first: their sum
 * may overflow where their mean doesn't. */
static double NAME(mean)(const void *numbers, long count) {
    const REAL *of = numbers;
    double part = 1.0 / (double)count, sums[8] = {0};
    long whole = count - count % 8;
    for (long i = 0; i < whole; i += 8)
        for (int k = 0; k < 8; k++) sums[k] += (double)of[i + k] * part;
    for (long i = whole; i < count; i++) sums[i - whole] += (double)of[i] * part;
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

static int NAME(all_finite)(const void *numbers, long count) {
    const REAL *of = numbers;
    int wrong = 0;
    for (long i = 0; i < count; i++) wrong |= of[i] - of[i] != (REAL)0;
    return !wrong;
}

static void NAME(add)(void *to, const void *from, long count) {
    REAL *sum = to;
    const REAL *more = from;
    for (long i = 0; i < count; i++) sum[i] += more[i];
}

/* Puts some rows of a column, (rows, leaves), into the lanes of x, (slots, n): those at the places, or all in their order
 * for NULL. Some rows are read at a time, so that what is written lies side by side. */
static void NAME(gather)(void *x, long n, const void *column, long leaves, const int64_t *slots, const int64_t *places,
                         long count) {
    const REAL *from[TILE];
    for (long lane = 0; lane < count; lane += TILE) {
        int rows = (int)(count - lane < TILE ? count - lane : TILE);
        for (int r = 0; r < rows; r++)
            from[r] = (const REAL *)column + (size_t)(places == NULL ? lane + r : (long)places[lane + r]) * (size_t)leaves;
        for (long k = 0; k < leaves; k++) {
            if (slots[k] < 0) continue;
            REAL *to = (REAL *)x + (size_t)slots[k] * (size_t)n + lane;
            for (int r = 0; r < rows; r++) to[r] = from[r][k];
        }
    }
}

static const struct reals NAME(reals) = {
    sizeof(REAL),      FORMAT,         NAME(value_of),   NAME(gradient_of), NAME(update_of),
    NAME(number),      NAME(count_up), NAME(mean),       NAME(all_finite),  NAME(add),
    NAME(gather),
};
