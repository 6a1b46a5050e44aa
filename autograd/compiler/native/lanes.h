/* Vectors of LANES examples: V holds a REAL for each, M a truth value, and I the bits of a REAL.
 *
 * REAL is double or float, LANES is 1, 2, 4, 8 or, for float, 16. V takes + - * / and a minus sign; compare with less,
 * equal, …, and take one or the other with choose. A product and a sum are rounded as one by `fused` alone: compile with
 * -ffp-contract=off, and never with -ffast-math. */

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef REAL
#define REAL double
#endif
#define JOINED(a, b) a##b
#define FLAG_OF(real) JOINED(FLAG_OF_, real)
#define FLAG_OF_double 0
#define FLAG_OF_float 1
#define IS_FLOAT FLAG_OF(REAL)
#define FOR_REAL(of_double, of_float) (IS_FLOAT ? (REAL)(of_float) : (REAL)(of_double))

#if defined __AVX512F__ && defined __AVX512DQ__ && defined __AVX512VL__
#define WIDEST 64
#elif defined __AVX__
#define WIDEST 32
#elif defined __GNUC__
#define WIDEST 16
#endif
#ifndef LANES
#ifdef WIDEST
#define LANES (WIDEST / (IS_FLOAT ? 4 : 8))
#else
#define LANES 1
#endif
#endif
#define BYTES (LANES * (IS_FLOAT ? 4 : 8))

/* A few instructions are always part of the code around them. A word of many is where the compiler finds that it pays:
 * for code that is compiled sooner, define WORD so that words are called. */
#ifdef __GNUC__
#define INLINE __attribute__((always_inline, unused)) static inline
#define APART __attribute__((noinline, unused)) static
#define UNUSED __attribute__((unused))
#else
#define INLINE static inline
#define APART static
#define UNUSED
#endif
#ifndef WORD
#define WORD UNUSED static inline
#endif

/* ── the instructions of a processor ── */

/* SIMD(add) is the intrinsic that adds two V, and SIMD_MASK(cmp) one that gives an M. Without them, or with PORTABLE
 * defined, all is written in the operators of C. */
#if LANES > 1 && defined __SSE2__ && defined WIDEST && BYTES >= 16 && !defined PORTABLE
#if BYTES <= WIDEST
#include <immintrin.h>
#if BYTES == 64
#define SIMD_OF(name, kind) _mm512_##name##_##kind
#elif BYTES == 32
#define SIMD_OF(name, kind) _mm256_##name##_##kind
#else
#define SIMD_OF(name, kind) _mm_##name##_##kind
#endif
#if IS_FLOAT
#define SIMD(name) SIMD_OF(name, ps)
#define SIMD_MASK(name) SIMD_OF(name, ps_mask)
#else
#define SIMD(name) SIMD_OF(name, pd)
#define SIMD_MASK(name) SIMD_OF(name, pd_mask)
#endif
#if WIDEST == 64
#define HAS_AVX512
#endif
#endif
#endif

/* ── vectors ── */

#if IS_FLOAT
typedef uint32_t lane_bits;
typedef int32_t lane_truth;
#else
typedef uint64_t lane_bits;
typedef int64_t lane_truth;
#endif

#if LANES == 1
typedef REAL V;
typedef lane_bits I;
#define LANE(v, i) (v)
#else
typedef REAL V __attribute__((vector_size(BYTES)));
typedef lane_bits I __attribute__((vector_size(BYTES)));
#define LANE(v, i) ((v)[i])
#endif

#if LANES == 1
typedef int M;
#elif !defined HAS_AVX512
typedef lane_truth M __attribute__((vector_size(BYTES)));
#elif LANES == 16
typedef __mmask16 M;
#else
typedef __mmask8 M;
#endif

#define splat(x) splat_real((REAL)(x))

INLINE V splat_real(REAL x) {
#if LANES == 1
    return x;
#else
    return x - (V){0};
#endif
}

INLINE I bits_of(V v) {
    I i;
    memcpy(&i, &v, sizeof i);
    return i;
}

INLINE V with_bits(I i) {
    V v;
    memcpy(&v, &i, sizeof v);
    return v;
}

INLINE V load(const REAL *from) {
    V v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(REAL *to, V v) { memcpy(to, &v, sizeof v); }

#ifdef HAS_AVX512
#define FIRST_LANES(count) ((M)((1u << (count)) - 1))
#endif

/* The first count of LANES numbers, count ≥ 1; the first one stands in the other lanes too. */
INLINE V load_part(const REAL *from, int count) {
#ifdef HAS_AVX512
    return SIMD(mask_loadu)(splat(from[0]), FIRST_LANES(count), from);
#else
    V v = splat(from[0]);
    for (int i = 1; i < LANES; i++)
        if (i < count) LANE(v, i) = from[i];
    return v;
#endif
}

INLINE void store_part(REAL *to, V v, int count) {
#ifdef HAS_AVX512
    SIMD(mask_storeu)(to, FIRST_LANES(count), v);
#else
    for (int i = 0; i < LANES; i++)
        if (i < count) to[i] = LANE(v, i);
#endif
}

/* The sum of the first count lanes. */
INLINE REAL sum_part(V v, int count) {
    REAL sum = LANE(v, 0);
    for (int i = 1; i < count; i++) sum += LANE(v, i);
    return sum;
}

INLINE REAL sum(V v) {
    REAL numbers[LANES];
    store(numbers, v);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) numbers[i] += numbers[i + half];
    return numbers[0];
}

/* ── comparisons and choices ── */

#ifdef HAS_AVX512
INLINE M less(V x, V y) { return SIMD_MASK(cmp)(x, y, _CMP_LT_OQ); }
INLINE M less_equal(V x, V y) { return SIMD_MASK(cmp)(x, y, _CMP_LE_OQ); }
INLINE M greater(V x, V y) { return SIMD_MASK(cmp)(x, y, _CMP_GT_OQ); }
INLINE M greater_equal(V x, V y) { return SIMD_MASK(cmp)(x, y, _CMP_GE_OQ); }
INLINE M equal(V x, V y) { return SIMD_MASK(cmp)(x, y, _CMP_EQ_OQ); }
INLINE M not_equal(V x, V y) { return SIMD_MASK(cmp)(x, y, _CMP_NEQ_UQ); }
#else
INLINE M less(V x, V y) { return x < y; }
INLINE M less_equal(V x, V y) { return x <= y; }
INLINE M greater(V x, V y) { return x > y; }
INLINE M greater_equal(V x, V y) { return x >= y; }
INLINE M equal(V x, V y) { return x == y; }
INLINE M not_equal(V x, V y) { return x != y; }
#endif
INLINE M both(M m, M n) { return m & n; }
INLINE M either(M m, M n) { return m | n; }

/* x where m holds, and y elsewhere. */
INLINE V choose(M m, V x, V y) {
#if LANES == 1
    return m ? x : y;
#elif defined HAS_AVX512
    return SIMD(mask_blend)(m, y, x);
#elif defined SIMD && defined __SSE4_1__
    return SIMD(blendv)(y, x, with_bits((I)m));
#else
    return with_bits(((I)m & bits_of(x)) | (~(I)m & bits_of(y)));
#endif
}

/* Whether m holds in all lanes. */
INLINE int all(M m) {
#if LANES == 1
    return m;
#elif defined HAS_AVX512
    return m == FIRST_LANES(LANES);
#elif defined SIMD
    return SIMD(movemask)(with_bits((I)m)) == (1 << LANES) - 1;
#else
    lane_truth found = -1;
    for (int i = 0; i < LANES; i++) found &= m[i];
    return found != 0;
#endif
}

/* ── words that choose ── */

INLINE V word_divide(V x, V y) { return x / y; }

#define SIGN_BITS bits_of(splat(-0.0))

#if LANES == 1
/* A compiler leaves the number where it is for these functions, and moves it to another register for its bits. */
INLINE V word_absolute(V x) { return IS_FLOAT ? (REAL)fabsf((float)x) : (REAL)fabs((double)x); }

INLINE V word_copysign(V x, V y) {
    return IS_FLOAT ? (REAL)copysignf((float)x, (float)y) : (REAL)copysign((double)x, (double)y);
}
#else
INLINE V word_absolute(V x) { return with_bits(bits_of(x) & ~SIGN_BITS); }

INLINE V word_copysign(V x, V y) { return with_bits((bits_of(x) & ~SIGN_BITS) | (bits_of(y) & SIGN_BITS)); }
#endif

/* The greater of x and a limit; x if either is nan. */
INLINE V at_least(V x, V limit) {
#ifdef SIMD
    return SIMD(max)(limit, x); /* The second one if either is nan or both are zeros. */
#else
    return choose(less(x, limit), limit, x);
#endif
}

/* The lesser of x and a limit; x if either is nan. */
INLINE V at_most(V x, V limit) {
#ifdef SIMD
    return SIMD(min)(limit, x);
#else
    return choose(greater(x, limit), limit, x);
#endif
}

INLINE V word_maximum(V x, V y) { return choose(equal(y, y), at_least(x, y), y); }
INLINE V word_minimum(V x, V y) { return choose(equal(y, y), at_most(x, y), y); }
/* These pass over nan. */
INLINE V word_fmax(V x, V y) { return choose(equal(x, x), at_least(x, y), y); }
INLINE V word_fmin(V x, V y) { return choose(equal(x, x), at_most(x, y), y); }

INLINE V word_sign(V x) {
    V below = choose(less(x, splat(0)), splat(-1), x + splat(0));
    return choose(greater(x, splat(0)), splat(1), below);
}

/* ── words of one rounding ── */

#if defined __FMA__ || defined __ARM_FEATURE_FMA
#define HAS_FMA
#if IS_FLOAT
#define ONE_FUSED fmaf
#else
#define ONE_FUSED fma
#endif
#endif

/* x·y + z in one rounding, where the processor has that. */
INLINE V fused(V x, V y, V z) {
#if !defined HAS_FMA
    return x * y + z;
#elif defined SIMD
    return SIMD(fmadd)(x, y, z);
#elif LANES == 1
    return ONE_FUSED(x, y, z); /* With few passes, a compiler would leave a loop of one round. */
#else
    for (int i = 0; i < LANES; i++) LANE(z, i) = ONE_FUSED(LANE(x, i), LANE(y, i), LANE(z, i));
    return z;
#endif
}

INLINE V word_sqrt(V x) {
#ifdef SIMD
    return SIMD(sqrt)(x);
#elif LANES == 1
    return FOR_REAL(sqrt((double)x), sqrtf((float)x));
#else
    V z = x;
    for (int i = 0; i < LANES; i++) LANE(z, i) = FOR_REAL(sqrt((double)LANE(x, i)), sqrtf((float)LANE(x, i)));
    return z;
#endif
}

/* ── words of the C library ── */

#define LANE_BY_LANE(word, function)                                                                        \
    APART V word(V x) {                                                                                     \
        V z = x;                                                                                            \
        for (int i = 0; i < LANES; i++) LANE(z, i) = (REAL)function((double)LANE(x, i));                    \
        return z;                                                                                           \
    }
#define LANE_BY_LANE_OF_TWO(word, function)                                                                 \
    APART V word(V x, V y) {                                                                                \
        V z = x;                                                                                            \
        for (int i = 0; i < LANES; i++) LANE(z, i) = (REAL)function((double)LANE(x, i), (double)LANE(y, i)); \
        return z;                                                                                           \
    }
