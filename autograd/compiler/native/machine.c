/* The machine: runs streams of instructions over vectors of lanes. It is compiled once for each kind of numbers, each
 * width of vectors and each kind of processors; instructions.h is written from the rules when the package is built.
 *
 * A stream is a row of integers: the code of an instruction, for how many nodes it is done, and for each of them its
 * registers, that of the result first. Another row has the numbers of linear nodes. */

#include <stdlib.h>

#include "words.h"

#include "machine.h"

#define JOINED_(a, b, c) a##_##b##_##c
#define JOINED(a, b, c) JOINED_(a, b, c)
#define NAMED(name) JOINED(name, REAL, PROCESSOR)
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

/* Side by side for some vectors: the terms of a linear node, w·x and w·x·y, added to a. */
static ALWAYS_INLINE void add_terms(const int count, V *a, const int32_t *at, const REAL *w, const struct lanes *lanes,
                                    const long k) {
    const int32_t *slots = at + 3;
    for (long t = 0; t < at[1]; t++, slots++) {
        const V c = splat(*w++), *x = REGISTER(slots[0]) + k;
#pragma GCC unroll 4
        for (int i = 0; i < count; i++) a[i] += c * x[i];
    }
    for (long t = 0; t < at[2]; t++, slots += 2) {
        const V c = splat(*w++), *x = REGISTER(slots[0]) + k, *y = REGISTER(slots[1]) + k;
#pragma GCC unroll 4
        for (int i = 0; i < count; i++) a[i] += c * x[i] * y[i];
    }
}

/* z = w0 + Σ w·x + Σ w·x·y */
static ALWAYS_INLINE long linear(const int count, const int32_t *at, const REAL *w, const struct lanes *lanes, long k) {
    V a[4];
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) a[i] = splat(*w);
    add_terms(count, a, at, w + 1, lanes, k);
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
    add_terms(count, a, at, w, lanes, k);
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

#define NEXT (at += 3 + at[1] + 2 * at[2])

#define EACH_VECTOR for (long k = 0; k < VECTORS(lanes); k++)
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

/* Runs a stream. */
static void run(const int32_t *at, const REAL *w, const struct lanes *lanes) {
    for (;;) {
        const int32_t code = *at++;
        int32_t count = *at++;
        switch (code) {
        case END: return;
        case LINEAR:
            do {
                long k = 0;
                while (k + 4 <= VECTORS(lanes)) k = linear(4, at, w, lanes, k);
                while (k < VECTORS(lanes)) k = linear(1, at, w, lanes, k);
                w += 1 + at[1] + at[2];
                NEXT;
            } while (--count);
            break;
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
            do {
                V *z = REGISTER(at[0]);
                const REAL *from = lanes->rows[at[1]] + lanes->first;
                const long whole = lanes->vectors - (lanes->last < LANES);
                for (long k = 0; k < whole; k++) z[k] = load(from + k * LANES);
                if (whole < lanes->vectors) z[whole] = load_part(from + whole * LANES, lanes->last);
                at += 2;
            } while (--count);
            break;
        case STORE:
            do {
                const V *x = REGISTER(at[1]);
                REAL *to = lanes->rows[at[0]];
                at += 2;
                if (!to) continue;
                to += lanes->first;
                const long whole = lanes->vectors - (lanes->last < LANES);
                for (long k = 0; k < whole; k++) store(to + k * LANES, x[k]);
                if (whole < lanes->vectors) store_part(to + whole * LANES, x[whole], lanes->last);
            } while (--count);
            break;
#endif
#include "instructions.h"
        default: return;
        }
    }
}

#if LANES == 1
void NAMED(run_numbers)(const int32_t *at, const void *w, REAL *registers) {
    const struct lanes one = {registers, NULL, NULL, 1, 0, 1};
    run(at, w, &one);
}
#else
void NAMED(run_numbers)(const int32_t *at, const void *w, REAL *registers);

/* The memory of one call. */
struct memory {
    void *start;
    REAL *numbers, *weights, **rows;
    V *sums, *registers;
};

static size_t rounded(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

/* The spare memory of a program, or new one; NULL if there is none. */
static struct memory *taken(struct machine *m) {
    struct memory *memory = __atomic_exchange_n(&m->spare, NULL, __ATOMIC_ACQUIRE);
    if (memory) return memory;
    const size_t numbers = rounded((size_t)m->uniforms * sizeof(REAL));
    const size_t weights = rounded((size_t)m->lane_count * sizeof(REAL));
    const size_t rows = rounded((size_t)(2 * m->inputs + m->roots) * sizeof(REAL *));
    const size_t sums = (size_t)m->sums * sizeof(V);
    const size_t registers = (size_t)m->slots * (size_t)(m->width / LANES) * sizeof(V);
    const size_t head = rounded(sizeof *memory);
    char *start = malloc(63 + head + numbers + weights + rows + sums + registers);
    if (!start) return NULL;
    char *at = (char *)rounded((size_t)start);
    memory = (struct memory *)at;
    memory->start = start;
    memory->numbers = (REAL *)(at += head);
    memory->weights = (REAL *)(at += numbers);
    memory->rows = (REAL **)(at += weights);
    memory->sums = (V *)(at += rows);
    memory->registers = (V *)(at += sums);
    memcpy(memory->numbers, m->initial, (size_t)m->uniforms * sizeof(REAL));
    memcpy(memory->weights, m->lane_numbers, (size_t)m->lane_count * sizeof(REAL));
    return memory;
}

static void given_back(struct machine *m, struct memory *memory) {
    memory = __atomic_exchange_n(&m->spare, memory, __ATOMIC_RELEASE);
    if (memory) free(memory->start);
}

/* Puts the numbers that depend on parameters into their places; several at one place are added up. */
static void weigh(const struct machine *m, const struct memory *memory) {
    const REAL *initial = m->lane_numbers, *by = m->weight_numbers, *of = memory->numbers;
    const int32_t *places = m->weight_places, *registers = m->weight_registers;
    for (long i = 0; i < m->weights; i++) memory->weights[places[i]] = initial[places[i]];
    for (long i = 0; i < m->weights; i++, registers += 2)
        memory->weights[places[i]] += by[i] * of[registers[0]] * of[registers[1]];
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
        if (both) run(m->backward, memory->weights + m->forward_count, &lanes);
    }
}

/* Fills the registers of numbers, and those of x of one example. */
static void fill(const struct machine *m, const struct memory *memory, const REAL *p, const REAL *x, REAL seed) {
    REAL *numbers = memory->numbers;
    memcpy(numbers, p, (size_t)m->parameters * sizeof(REAL));
    numbers += m->parameters;
    if (m->one) {
        memcpy(numbers, x, (size_t)m->inputs * sizeof(REAL));
        numbers += m->inputs;
    }
    *numbers = seed;
    NAMED(run_numbers)(m->before, m->before_numbers, memory->numbers);
    if (!m->one) weigh(m, memory);
}

/* Points the rows to the inputs, the roots, and the gradients of the inputs, if they are wanted. */
static void point(const struct machine *m, const struct memory *memory, long n, const REAL *x, REAL *roots, REAL *dx) {
    REAL **rows = memory->rows;
    for (long i = 0; i < m->inputs; i++) *rows++ = (REAL *)x + i * n;
    for (long i = 0; i < m->roots; i++) *rows++ = roots + i * n;
    for (long i = 0; i < m->inputs; i++) *rows++ = dx ? dx + i * n : NULL;
}

/* The numbers in some registers; 0 for a register -1. */
static void gather(REAL *to, const int32_t *slots, long count, const REAL *numbers) {
    for (long i = 0; i < count; i++) to[i] = slots[i] < 0 ? 0 : numbers[slots[i]];
}

static void value(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL *roots) {
    struct machine *m = (struct machine *)self;
    struct memory *memory = taken(m);
    if (!memory) return;
    fill(m, memory, p, x, 0);
    if (m->one) {
        gather(roots, m->root_slots, m->roots, memory->numbers);
    } else {
        point(m, memory, n, x, roots, NULL);
        run_lanes(m, memory, first, stop, 0);
    }
    given_back(m, memory);
}

static void gradient(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL seed,
                     REAL *roots, REAL *dp, REAL *dx) {
    struct machine *m = (struct machine *)self;
    struct memory *memory = taken(m);
    if (!memory) return;
    REAL *numbers = memory->numbers;
    fill(m, memory, p, x, seed);
    if (m->one) {
        gather(roots, m->root_slots, m->roots, numbers);
    } else {
        point(m, memory, n, x, roots, dx);
        for (long i = 0; i < m->sums; i++) memory->sums[i] = splat(0);
        run_lanes(m, memory, first, stop, 1);
        for (long i = 0; i < m->sums; i++) numbers[m->sum_slot + i] = sum(memory->sums[i]);
    }
    NAMED(run_numbers)(m->after, m->after_numbers, numbers);
    if (m->one && dx) gather(dx, m->by_inputs, m->inputs, numbers);
    for (long i = 0; dp && i < m->parameters; i++)
        if (m->by_parameters[i] >= 0) dp[i] += numbers[m->by_parameters[i]];
    given_back(m, memory);
}

/* The inputs are p, g and the states, and the roots are p and the states. */
static void update(const void *self, long count, REAL *p, const REAL *g, REAL *states, const REAL *numbers) {
    struct machine *m = (struct machine *)self;
    struct memory *memory = taken(m);
    if (!memory) return;
    fill(m, memory, numbers, NULL, 0);
    REAL **rows = memory->rows;
    *rows++ = p;
    *rows++ = (REAL *)g;
    for (long i = 0; i < m->inputs - 2; i++) *rows++ = states + i * count;
    *rows++ = p;
    for (long i = 0; i < m->inputs - 2; i++) *rows++ = states + i * count;
    run_lanes(m, memory, 0, count, 0);
    given_back(m, memory);
}

const struct machine_kind NAMED(machine) = {(void *)value, (void *)gradient, (void *)update, LANES};
#endif
