/* The interpreter of streams of instructions, over vectors of lanes. Files that are written when it is built include it, once for
 * each kind of numbers, of processors, and of vectors; instructions.h is written from the rules. See machine.h.
 *
 * A stream is a row of integers: the code of an instruction, for how many nodes it is done, and for each of them its
 * registers, that of the result first. Another row has the numbers of linear nodes. */

#include <stdlib.h>

#include "words.h"

#include "machine.h"

#define NAMED_(name, real, processor) name##_##real##_##processor
#define NAMED_FOR(name, real, processor) NAMED_(name, real, processor)
#define NAMED(name) NAMED_FOR(name, REAL, PROCESSOR)
#define RUN_NUMBERS NAMED_FOR(run_numbers, REAL, OF_NUMBERS)
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* The lanes on which a stream runs, their registers, and the arrays that they are read from and written to. */
struct lanes {
    V *registers, *sums;
    REAL *const *rows;
    long vectors, first;
    int last; /* lanes of the last vector */
};

#if LANES == 1
#define VECTORS(lanes) 1
#else
#define VECTORS(lanes) ((lanes)->vectors)
#endif
#define REGISTER(slot) (lanes->registers + (long)(slot)*VECTORS(lanes))

/* w·x, or w·x·y if it is of products. */
static ALWAYS_INLINE V term(const int of_products, const int32_t *at, const REAL *w, const struct lanes *lanes, long k) {
    const V x = splat(*w) * REGISTER(at[0])[k];
    return of_products ? x * REGISTER(at[1])[k] : x;
}

/* Adds n terms to some vectors that lie side by side. A single vector has four sums, which need not wait for each other. */
static ALWAYS_INLINE void add_terms(const int count, V *a, const int of_products, long n, const int32_t *at, const REAL *w,
                                    const struct lanes *lanes, const long k) {
    const int step = 1 + of_products;
    long t = 0;
    if (count == 1 && n >= 8) {
        V b[4] = {a[0], splat(-0.0), splat(-0.0), splat(-0.0)};
        for (; t + 4 <= n; t += 4)
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) b[i] += term(of_products, at + (t + i) * step, w + t + i, lanes, k);
        a[0] = (b[0] + b[1]) + (b[2] + b[3]);
    }
    for (; t < n; t++)
#pragma GCC unroll 4
        for (int i = 0; i < count; i++) a[i] += term(of_products, at + t * step, w + t, lanes, k + i);
}

/* The same for all terms of an instruction. */
static ALWAYS_INLINE void add_all(const int count, V *a, const int32_t *at, const REAL *w, const struct lanes *lanes, long k) {
    add_terms(count, a, 0, at[1], at + 3, w, lanes, k);
    add_terms(count, a, 1, at[2], at + 3 + at[1], w + at[1], lanes, k);
}

/* z = w0 + Σ w·x + Σ w·x·y */
static ALWAYS_INLINE long linear(const int count, const int32_t *at, const REAL *w, const struct lanes *lanes, long k) {
    V a[4];
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) a[i] = splat(*w);
    add_all(count, a, at, w + 1, lanes, k);
    V *z = REGISTER(at[0]) + k;
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) z[i] = a[i];
    return k + count;
}

/* The same of which the sum over all lanes is wanted; lanes behind the last one don't count. */
static ALWAYS_INLINE long add_up(const int count, const int32_t *at, const REAL *w, const struct lanes *lanes, long k) {
    V a[4];
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) a[i] = splat(0);
    add_all(count, a, at, w, lanes, k);
    V total = count == 4 ? (a[0] + a[1]) + (a[2] + a[3]) : a[0];
    k += count;
    if (LANES > 1 && k == lanes->vectors && lanes->last < LANES) {
        V known = splat(0);
        store_part((REAL *)&known, a[count - 1], lanes->last);
        total = count == 4 ? (a[0] + a[1]) + (a[2] + known) : known;
    }
    lanes->sums[at[0]] += total;
    return k;
}

#define EACH_VECTOR for (long k = 0; k < VECTORS(lanes); k++)

/* A linear node of few terms: how many there are is known when this is compiled. */
static ALWAYS_INLINE void few_terms(const int plain, const int products, const int32_t *at, const REAL *w,
                                    const struct lanes *lanes) {
    V *z = REGISTER(at[0]), c[5];
    const V *x[6];
#pragma GCC unroll 6
    for (int i = 0; i < plain + 2 * products; i++) x[i] = REGISTER(at[1 + i]);
#pragma GCC unroll 5
    for (int i = 0; i <= plain + products; i++) c[i] = splat(w[i]);
    EACH_VECTOR {
        V a = c[0];
#pragma GCC unroll 2
        for (int i = 0; i < plain; i++) a += c[1 + i] * x[i][k];
#pragma GCC unroll 2
        for (int i = 0; i < products; i++) a += c[1 + plain + i] * x[plain + 2 * i][k] * x[plain + 2 * i + 1][k];
        z[k] = a;
    }
}

#define FEW(plain, products)                                            \
    case FEW_TERMS + 3 * (plain) + (products):                          \
        do {                                                            \
            few_terms(plain, products, at, w, lanes);                   \
            at += 1 + (plain) + 2 * (products);                         \
            w += 1 + (plain) + (products);                              \
        } while (--count);                                              \
        break;

#define NEXT (at += 3 + at[1] + 2 * at[2])

/* The value of operands a, b, …; those that are too many aren't read. */
#define OPERATION(code, operands, value)                                                          \
    case code:                                                                                    \
        do {                                                                                      \
            V *z = REGISTER(at[0]);                                                               \
            const V *x[5];                                                                        \
            for (int i = 0; i < 5; i++) x[i] = REGISTER(at[i < operands ? i + 1 : 1]);            \
            at += 1 + operands;                                                                   \
            EACH_VECTOR {                                                                         \
                const V a = x[0][k], b = x[1][k], c = x[2][k], d = x[3][k], e = x[4][k];          \
                (void)a, (void)b, (void)c, (void)d, (void)e;                                      \
                z[k] = value;                                                                     \
            }                                                                                     \
        } while (--count);                                                                        \
        break;

#if LANES > 1
/* The vectors that are full; at most one more is behind them. */
static long full_vectors(const struct lanes *lanes) { return lanes->vectors - (lanes->last < LANES); }

/* Reads a row of inputs; the same place of the next block is asked for, so that it is near by then. */
static void load_row(V *z, const REAL *row, const struct lanes *lanes) {
    const REAL *from = row + lanes->first;
    const long full = full_vectors(lanes);
    for (long k = 0; k < full; k++) {
        __builtin_prefetch(from + (k + lanes->vectors) * LANES);
        z[k] = load(from + k * LANES);
    }
    if (full < lanes->vectors) z[full] = load_part(from + full * LANES, lanes->last);
}

/* Writes a row of results, unless nobody wants it. */
static void store_row(REAL *row, const V *x, const struct lanes *lanes) {
    if (!row) return;
    REAL *to = row + lanes->first;
    const long full = full_vectors(lanes);
    for (long k = 0; k < full; k++) store(to + k * LANES, x[k]);
    if (full < lanes->vectors) store_part(to + full * LANES, x[full], lanes->last);
}
#endif

/* Runs a stream. */
static void run(const int32_t *at, const REAL *w, const struct lanes *lanes) {
    for (int32_t code; (code = *at++) != END;) {
        int32_t count = *at++;
        switch (code) {
        case LINEAR:
            do {
                long k = 0;
                while (k + 4 <= VECTORS(lanes)) k = linear(4, at, w, lanes, k);
                while (k < VECTORS(lanes)) k = linear(1, at, w, lanes, k);
                w += 1 + at[1] + at[2];
                NEXT;
            } while (--count);
            break;
            FEW(0, 1)
            FEW(0, 2)
            FEW(1, 0)
            FEW(1, 1)
            FEW(1, 2)
            FEW(2, 0)
            FEW(2, 1)
            FEW(2, 2)
#if LANES > 1
        case SUM:
            do {
                long k = 0;
                while (k + 4 <= lanes->vectors) k = add_up(4, at, w, lanes, k);
                while (k < lanes->vectors) k = add_up(1, at, w, lanes, k);
                w += at[1] + at[2];
                NEXT;
            } while (--count);
            break;
        case LOAD:
            do load_row(REGISTER(at[0]), lanes->rows[at[1]], lanes), at += 2;
            while (--count);
            break;
        case STORE:
            do store_row(lanes->rows[at[0]], REGISTER(at[1]), lanes), at += 2;
            while (--count);
            break;
#endif
#include "instructions.h"
        default: return;
        }
    }
}

#if LANES == 1
void RUN_NUMBERS(const int32_t *at, const void *w, REAL *registers);
void RUN_NUMBERS(const int32_t *at, const void *w, REAL *registers) {
    const struct lanes one = {registers, NULL, NULL, 1, 0, 1};
    run(at, w, &one);
}
#else
void RUN_NUMBERS(const int32_t *at, const void *w, REAL *registers);

/* The memory of one call. */
struct memory {
    void *start;
    REAL *numbers, *weights, **rows;
    V *sums, *registers;
};

static size_t rounded(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

/* New memory for one call; NULL if there is none. */
static struct memory *made(const struct machine *m) {
    const size_t head = rounded(sizeof(struct memory));
    const size_t numbers = rounded((size_t)m->numbers * sizeof(REAL));
    const size_t weights = rounded((size_t)m->lane_numbers * sizeof(REAL));
    const size_t rows = rounded((size_t)(2 * m->inputs + m->roots) * sizeof(REAL *));
    const size_t sums = (size_t)m->sums * sizeof(V);
    const size_t registers = (size_t)m->vectors * (size_t)(m->width / LANES) * sizeof(V);
    char *start = malloc(63 + head + numbers + weights + rows + sums + registers);
    if (!start) return NULL;
    char *at = (char *)rounded((size_t)start);
    struct memory *memory = (struct memory *)at;
    memory->start = start;
    memory->numbers = (REAL *)(at += head);
    memory->weights = (REAL *)(at += numbers);
    memory->rows = (REAL **)(at += weights);
    memory->sums = (V *)(at += rows);
    memory->registers = (V *)(at + sums);
    memcpy(memory->numbers, m->initial, (size_t)m->numbers * sizeof(REAL));
    memcpy(memory->weights, m->numbers_for_lanes, (size_t)m->lane_numbers * sizeof(REAL));
    return memory;
}

/* The spare memory of a program; if another thread uses it, new memory; without that, waits for the thread. */
static struct memory *taken(struct machine *m) {
    struct memory *memory;
    do memory = __atomic_exchange_n(&m->spare, NULL, __ATOMIC_ACQUIRE);
    while (!memory && !(memory = made(m)));
    return memory;
}

/* The memory that it frees may be another thread's, of which it reads the start. */
static void give_back(struct machine *m, struct memory *memory) {
    memory = __atomic_exchange_n(&m->spare, memory, __ATOMIC_ACQ_REL);
    if (memory) free(memory->start);
}

static int reserve(struct machine *m) { return (m->spare = made(m)) != NULL; }

static void release(struct machine *m) {
    if (m->spare) free(((struct memory *)m->spare)->start);
}

/* Puts the numbers that depend on registers into their places; several at one place are added up. */
static void weigh(const struct machine *m, const struct memory *memory) {
    const REAL *initial = m->numbers_for_lanes, *by = m->weight_numbers, *of = memory->numbers;
    const int32_t *places = m->weight_places, *registers = m->weight_registers;
    REAL *weights = memory->weights;
    for (long i = 0; i < m->weights; i++) weights[places[i]] = initial[places[i]];
    for (long i = 0; i < m->weights; i++, registers += 2)
        weights[places[i]] += by[i] * of[registers[0]] * of[registers[1]];
}

/* Runs the streams for lanes on some of them, block by block. */
static void run_lanes(const struct machine *m, const struct memory *memory, long first, long stop, int both) {
    const long most = m->width / LANES;
    struct lanes lanes = {memory->registers, memory->sums, memory->rows, 0, first, LANES};
    for (; lanes.first < stop; lanes.first += lanes.vectors * LANES) {
        const long left = stop - lanes.first, vectors = (left + LANES - 1) / LANES;
        lanes.vectors = vectors < most ? vectors : most;
        lanes.last = vectors <= most ? (int)(left - (vectors - 1) * LANES) : LANES;
        run(m->forward, memory->weights, &lanes);
        if (both) run(m->backward, memory->weights + m->forward_numbers, &lanes);
    }
}

/* Fills the registers of numbers, and the weights. */
static void begin(const struct machine *m, const struct memory *memory, const REAL *p, const REAL *x, REAL seed) {
    REAL *numbers = memory->numbers;
    if (m->parameters) memcpy(numbers, p, (size_t)m->parameters * sizeof(REAL));
    numbers += m->parameters;
    if (m->one) {
        if (m->inputs) memcpy(numbers, x, (size_t)m->inputs * sizeof(REAL));
        numbers += m->inputs;
    }
    *numbers = seed;
    RUN_NUMBERS(m->before, m->numbers_before, memory->numbers);
    weigh(m, memory);
}

/* Points the rows to the inputs, the roots, and the gradients of the inputs, if they are wanted. */
static void point(const struct machine *m, const struct memory *memory, long n, const REAL *x, REAL *roots, REAL *dx) {
    REAL **rows = memory->rows;
    for (long i = 0; i < m->inputs; i++) *rows++ = (REAL *)x + i * n;
    for (long i = 0; i < m->roots; i++) *rows++ = roots + i * n;
    for (long i = 0; i < m->inputs; i++) *rows++ = dx ? dx + i * n : NULL;
}

/* The numbers in some registers, or 0. */
static void gather(REAL *to, const int32_t *registers, long count, const REAL *numbers) {
    for (long i = 0; i < count; i++) to[i] = registers[i] < 0 ? 0 : numbers[registers[i]];
}

static void value(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL *roots) {
    struct machine *m = (struct machine *)self;
    struct memory *memory = taken(m);
    begin(m, memory, p, x, 0);
    if (m->one) {
        gather(roots, m->root_registers, m->roots, memory->numbers);
    } else {
        point(m, memory, n, x, roots, NULL);
        run_lanes(m, memory, first, stop, 0);
    }
    give_back(m, memory);
}

static void gradient(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL seed,
                     REAL *roots, REAL *dp, REAL *dx) {
    struct machine *m = (struct machine *)self;
    struct memory *memory = taken(m);
    REAL *numbers = memory->numbers;
    begin(m, memory, p, x, seed);
    if (m->one) {
        gather(roots, m->root_registers, m->roots, numbers);
    } else {
        point(m, memory, n, x, roots, dx);
        for (long i = 0; i < m->sums; i++) memory->sums[i] = splat(0);
        run_lanes(m, memory, first, stop, 1);
        for (long i = 0; i < m->sums; i++) numbers[m->first_sum + i] = sum(memory->sums[i]);
    }
    RUN_NUMBERS(m->after, m->numbers_after, numbers);
    if (m->one && dx) gather(dx, m->by_inputs, m->inputs, numbers);
    for (long i = 0; dp && i < m->parameters; i++)
        if (m->by_parameters[i] >= 0) dp[i] += numbers[m->by_parameters[i]];
    give_back(m, memory);
}

/* The inputs are p, g and the states, and the roots are p and the states. */
static void update(const void *self, long count, REAL *p, const REAL *g, REAL *states, const REAL *numbers) {
    struct machine *m = (struct machine *)self;
    struct memory *memory = taken(m);
    begin(m, memory, numbers, NULL, 0);
    REAL **rows = memory->rows;
    *rows++ = p;
    *rows++ = (REAL *)g;
    for (long i = 0; i < m->inputs - 2; i++) *rows++ = states + i * count;
    *rows++ = p;
    for (long i = 0; i < m->inputs - 2; i++) *rows++ = states + i * count;
    run_lanes(m, memory, 0, count, 0);
    give_back(m, memory);
}

extern const struct machine_kind NAMED(machine);
const struct machine_kind NAMED(machine) = {(void *)value, (void *)gradient, (void *)update, LANES, reserve, release};
#endif
