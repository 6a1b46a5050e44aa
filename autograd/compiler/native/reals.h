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

static double NAME(number)(const void *numbers) { return (double)*(const REAL *)numbers; }

/* The sum of a part of each number, in several sums that the processor makes side by side. The sum of the whole numbers
 * may overflow where their mean doesn't. */
static double NAME(sum)(const void *numbers, long count, double part) {
    const REAL *of = numbers;
    double sums[8] = {0};
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

/* Puts the rows first … first + count - 1 of an order, or of a column itself, into lanes of x, (slots, n). Some rows
 * are read at a time, so that what is written lies side by side. */
static void NAME(gather)(void *x, long n, const struct column *column, const int64_t *order, long first, long count) {
    const REAL *from[TILE], *numbers = column->numbers;
    if (column->leaves == 1 && order == NULL) {
        if (column->slots[0] >= 0)
            memcpy((REAL *)x + (size_t)column->slots[0] * (size_t)n, numbers + first, (size_t)count * sizeof(REAL));
        return;
    }
    for (long lane = 0; lane < count; lane += TILE) {
        int rows = (int)(count - lane < TILE ? count - lane : TILE);
        for (int r = 0; r < rows; r++) {
            long row = first + lane + r;
            from[r] = numbers + (size_t)(order == NULL ? row : (long)order[row]) * (size_t)column->leaves;
        }
        for (long k = 0; k < column->leaves; k++) {
            if (column->slots[k] < 0) continue;
            REAL *to = (REAL *)x + (size_t)column->slots[k] * (size_t)n + lane;
            for (int r = 0; r < rows; r++) to[r] = from[r][k];
        }
    }
}

static const struct reals NAME(reals) = {
    sizeof(REAL), FORMAT,    NAME(value_of),   NAME(gradient_of), NAME(update_of),
    NAME(number), NAME(sum), NAME(all_finite), NAME(add),         NAME(gather),
};
