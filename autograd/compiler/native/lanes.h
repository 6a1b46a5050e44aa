/* The words of the rules over vectors of LANES examples. `words.py` reads this file, and adds the words that are defined
 * by others.
 *
 * REAL is double or float; LANES is 1, 2, 4, 8 or 16. V holds a REAL for each lane, and M a truth value. V takes + - * /
 * and a minus sign; compare with less, equal, …, and choose between two with choose. FMA is used here alone, and by
 * name: compile with -ffp-contract=off, and never with -ffast-math. */

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef REAL
#define REAL double
#endif
#define LANES_FLAG_double 0
#define LANES_FLAG_float 1
#define LANES_JOINED(a, b) a##b
#define LANES_FLAG_OF(real) LANES_JOINED(LANES_FLAG_, real)
#define IS_FLOAT LANES_FLAG_OF(REAL)

#ifndef LANES
#if !defined __GNUC__
#define LANES 1
#elif defined __AVX512F__ && defined __AVX512DQ__ && defined __AVX512VL__
#define LANES (IS_FLOAT ? 16 : 8)
#elif defined __AVX__
#define LANES (IS_FLOAT ? 8 : 4)
#else
#define LANES (IS_FLOAT ? 4 : 2)
#endif
#endif

#if defined __GNUC__
#define WORD_IS_PURE __attribute__((unused, const))
/* All functions here are inlined or static, so it doesn't matter how a processor without wide vectors passes them. */
#pragma GCC diagnostic ignored "-Wpsabi"
#else
#define WORD_IS_PURE
#endif
#ifndef WORD
#define WORD static inline WORD_IS_PURE
#endif

/* ── vectors and masks ── */

#if LANES == 1
typedef REAL V;
typedef int M;
#define LANE(v, i) (v)
#else
#if IS_FLOAT
typedef int32_t lanes_int;
#else
typedef int64_t lanes_int;
#endif
typedef REAL V __attribute__((vector_size(LANES * sizeof(REAL))));
typedef lanes_int M __attribute__((vector_size(LANES * sizeof(REAL))));
#define LANE(v, i) ((v)[i])
#endif

#define splat(x) splat_real((REAL)(x))

WORD V splat_real(REAL x) {
#if LANES == 1
    return x;
#else
    return x - (V){0};
#endif
}

static inline V load(const REAL *from) {
    V v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void store(REAL *to, V v) { memcpy(to, &v, sizeof v); }

/* The first count of LANES numbers, count ≥ 1; the first one stands in the other lanes too. */
static inline V load_part(const REAL *from, int count) {
    V v = splat_real(from[0]);
    memcpy(&v, from, (size_t)count * sizeof(REAL));
    return v;
}

static inline void store_part(REAL *to, V v, int count) { memcpy(to, &v, (size_t)count * sizeof(REAL)); }

/* The sum of the first count lanes. */
WORD REAL sum_part(V v, int count) {
    REAL sum = LANE(v, 0);
    for (int i = 1; i < count; i++) sum += LANE(v, i);
    return sum;
}

WORD REAL sum(V v) { return sum_part(v, LANES); }

/* ── comparisons and choices ── */

WORD M less(V x, V y) { return x < y; }
WORD M less_equal(V x, V y) { return x <= y; }
WORD M greater(V x, V y) { return x > y; }
WORD M greater_equal(V x, V y) { return x >= y; }
WORD M equal(V x, V y) { return x == y; }
WORD M not_equal(V x, V y) { return x != y; }
WORD M both(M m, M n) { return m & n; }
WORD M either(M m, M n) { return m | n; }

/* x where m holds, and y elsewhere. */
WORD V choose(M m, V x, V y) {
#if LANES == 1
    return m ? x : y;
#else
    return (V)((m & (M)x) | (~m & (M)y));
#endif
}

/* Whether m holds in any lane. */
WORD int any(M m) {
#if LANES == 1
    return m;
#else
    for (int i = 0; i < LANES; i++)
        if (m[i]) return 1;
    return 0;
#endif
}

/* ── words of one number, lane by lane ── */

#define LANE_BY_LANE(word, function)                                       \
    WORD V word(V x) {                                                     \
        V z = x;                                                           \
        for (int i = 0; i < LANES; i++) LANE(z, i) = (REAL)function((double)LANE(x, i)); \
        return z;                                                          \
    }
#define LANE_BY_LANE_OF_TWO(word, function)                                \
    WORD V word(V x, V y) {                                                \
        V z = x;                                                           \
        for (int i = 0; i < LANES; i++) LANE(z, i) = (REAL)function((double)LANE(x, i), (double)LANE(y, i)); \
        return z;                                                          \
    }

LANE_BY_LANE(word_sqrt, sqrt)
LANE_BY_LANE(word_exp, exp)
LANE_BY_LANE(word_expm1, expm1)
LANE_BY_LANE(word_exp2, exp2)
LANE_BY_LANE(word_log, log)
LANE_BY_LANE(word_log1p, log1p)
LANE_BY_LANE(word_log2, log2)
LANE_BY_LANE(word_log10, log10)
LANE_BY_LANE(word_sin, sin)
LANE_BY_LANE(word_cos, cos)
LANE_BY_LANE(word_tan, tan)
LANE_BY_LANE(word_asin, asin)
LANE_BY_LANE(word_acos, acos)
LANE_BY_LANE(word_atan, atan)
LANE_BY_LANE(word_sinh, sinh)
LANE_BY_LANE(word_cosh, cosh)
LANE_BY_LANE(word_tanh, tanh)
LANE_BY_LANE(word_asinh, asinh)
LANE_BY_LANE(word_acosh, acosh)
LANE_BY_LANE(word_atanh, atanh)
LANE_BY_LANE(word_erf, erf)
LANE_BY_LANE_OF_TWO(word_power, pow)
LANE_BY_LANE_OF_TWO(word_atan2, atan2)
LANE_BY_LANE_OF_TWO(word_hypot, hypot)

/* ── words that choose ── */

WORD V word_divide(V x, V y) { return x / y; }

WORD V word_absolute(V x) { return choose(less(x, splat(0)), -x, x + splat(0)); }

WORD V word_copysign(V x, V y) {
    V z = x;
    for (int i = 0; i < LANES; i++) LANE(z, i) = (REAL)copysign((double)LANE(x, i), (double)LANE(y, i));
    return z;
}

WORD V word_maximum(V x, V y) { return choose(either(greater_equal(x, y), not_equal(x, x)), x, y); }
WORD V word_minimum(V x, V y) { return choose(either(less_equal(x, y), not_equal(x, x)), x, y); }
/* nan is passed over. */
WORD V word_fmax(V x, V y) { return choose(either(greater_equal(x, y), not_equal(y, y)), x, y); }
WORD V word_fmin(V x, V y) { return choose(either(less_equal(x, y), not_equal(y, y)), x, y); }

WORD V word_sign(V x) {
    V below = choose(less(x, splat(0)), splat(-1), x + splat(0));
    return choose(greater(x, splat(0)), splat(1), below);
}

/* ── lengths of vectors ── */

WORD M is_infinite(V x) { return equal(word_absolute(x), splat(INFINITY)); }
WORD V one_if_infinite(V x) { return choose(is_infinite(x), splat(1), splat(0)); }

/* The power of two that brings numbers whose greatest is size near to 1, so that their squares are in range. */
WORD V scale_of(V size) {
    V z = size;
    for (int i = 0; i < LANES; i++) {
        const int most = IS_FLOAT ? 120 : 1000;
        int exponent = 0;
        if (LANE(size, i) > 0 && LANE(size, i) < (REAL)INFINITY) (void)frexp((double)LANE(size, i), &exponent);
        exponent = exponent > most ? most : exponent < -most ? -most : exponent;
        LANE(z, i) = (REAL)ldexp(1.0, -exponent);
    }
    return z;
}

/* The length of a vector times the scale, from the sum of the squares of its numbers times the scale. */
WORD V scaled_length(V size, V squares) { return choose(is_infinite(size), splat(INFINITY), word_sqrt(squares)); }

/* How many numbers of a vector are infinite, or 0 if there is a nan beside them. */
WORD V infinities_of(V count, V squares) { return choose(equal(squares, squares), count, splat(0)); }

/* x, a number of a vector, over its length; a single infinity is all of it. */
WORD V part_of_length(V x, V scale, V length, V infinities) {
    V alone = word_copysign(one_if_infinite(x), x);
    return choose(equal(infinities, splat(1)), alone, x * scale / length);
}

WORD V word_direction(V x, V y) {
    V size = word_fmax(word_absolute(x), word_absolute(y)), scale = scale_of(size);
    V squares = (x * scale) * (x * scale) + (y * scale) * (y * scale);
    V infinities = infinities_of(one_if_infinite(x) + one_if_infinite(y), squares);
    V part = part_of_length(x, scale, scaled_length(size, squares), infinities);
    return choose(both(equal(x, splat(0)), equal(y, splat(0))), splat(0), part);
}

/* ── powers times a factor ── */

/* c · x^(y−k) of which the power, or y − k, isn't a double; z is x^y. See scaled_power in engine/ieee.py. */
static inline double scaled_power_apart(double c, double x, double y, double k) {
    const int exact = y - k + k == y && fabs(y) < 0x1p53;
    double p = pow(x, y - k), size = fabs(x), h = pow(size, 0.5 * y);
    if (!exact) {
        const double z = pow(x, y);
        const int whole = fabs(y) >= 0x1p53 || y == floor(y);
        if (z != z || (x < 0.0 && !whole)) return c * (isinf(x) ? p : (double)NAN);
        p = p != p ? (double)INFINITY : fabs(p);
        if (signbit(x) && whole) p = copysign(p, fmod(k, 2.0) != 0.0 ? -z : z);
    }
    if (p != p || !(0.0 < h && h < (double)INFINITY) || !(0.0 < size && size < (double)INFINITY))
        return p == 0.0 ? p : c * p;
    /* x^y = h², of which each half stays in range: c·h and h share the divisions. */
    double scaled = c * h;
    for (int i = 0; i < (int)k; i++) {
        if ((fabs(scaled) < h) == (size < 1.0))
            scaled /= size;
        else
            h /= size;
    }
    return scaled * h * copysign(1.0, p);
}

static inline double scaled_power_of(double c, double x, double y, double k) {
    const double p = pow(x, y - k);
    const int usual = y - k + k == y && fabs(y) < 0x1p53 && fabs(p) >= DBL_MIN && fabs(p) <= DBL_MAX;
    if (usual || !(0.0 <= k && k <= 64.0) || k != floor(k)) return c * p;
    return c == 0.0 || c != c ? c : scaled_power_apart(c, x, y, k);
}

WORD V word_scaled_power(V c, V x, V y, V k) {
    V z = x;
    for (int i = 0; i < LANES; i++)
        LANE(z, i) = (REAL)scaled_power_of((double)LANE(c, i), (double)LANE(x, i), (double)LANE(y, i), (double)LANE(k, i));
    return z;
}

/* ── the normal distribution ── */

static inline double normal_cdf_of(double x) { return x < -40.0 ? 0.0 : 0.5 * erfc(-x * 0.70710678118654752); }
LANE_BY_LANE(word_normal_cdf, normal_cdf_of)
