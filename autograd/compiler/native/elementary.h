/* Exponentials, logarithms, powers, circular functions and the normal distribution over V, for every number; with no
 * branch, or with one for few numbers. The greatest errors of all are in tests/compiler/test_lanes.py. */

/* ── polynomials ── */

/* By fours, so that few steps wait for another one. */
INLINE V poly2(V x, REAL a, REAL b) { return fused(splat(b), x, splat(a)); }
INLINE V poly3(V x, REAL a, REAL b, REAL c) { return fused(splat(c), x * x, poly2(x, a, b)); }
INLINE V poly4(V x, REAL a, REAL b, REAL c, REAL d) { return fused(poly2(x, c, d), x * x, poly2(x, a, b)); }
#define WITH_FOUR(higher, x, a, b, c, d) fused(higher, (x * x) * (x * x), poly4(x, a, b, c, d))
INLINE V poly5(V x, REAL a, REAL b, REAL c, REAL d, REAL e) { return WITH_FOUR(splat(e), x, a, b, c, d); }
INLINE V poly6(V x, REAL a, REAL b, REAL c, REAL d, REAL e, REAL f) {
    return WITH_FOUR(poly2(x, e, f), x, a, b, c, d);
}
INLINE V poly8(V x, REAL a, REAL b, REAL c, REAL d, REAL e, REAL f, REAL g, REAL h) {
    return WITH_FOUR(poly4(x, e, f, g, h), x, a, b, c, d);
}
INLINE V poly11(V x, REAL a, REAL b, REAL c, REAL d, REAL e, REAL f, REAL g, REAL h, REAL i, REAL j, REAL k) {
    return WITH_FOUR(WITH_FOUR(poly3(x, i, j, k), x, e, f, g, h), x, a, b, c, d);
}
INLINE V poly12(V x, REAL a, REAL b, REAL c, REAL d, REAL e, REAL f, REAL g, REAL h, REAL i, REAL j, REAL k, REAL l) {
    return WITH_FOUR(poly8(x, e, f, g, h, i, j, k, l), x, a, b, c, d);
}
INLINE V poly13(V x, REAL a, REAL b, REAL c, REAL d, REAL e, REAL f, REAL g, REAL h, REAL i, REAL j, REAL k, REAL l,
                REAL m) {
    return WITH_FOUR(WITH_FOUR(WITH_FOUR(splat(m), x, i, j, k, l), x, e, f, g, h), x, a, b, c, d);
}
INLINE V poly23(V x, REAL a, REAL b, REAL c, REAL d, REAL e, REAL f, REAL g, REAL h, REAL i, REAL j, REAL k, REAL l,
                REAL m, REAL n, REAL o, REAL p, REAL q, REAL r, REAL s, REAL t, REAL u, REAL v, REAL w) {
    V upper = WITH_FOUR(poly11(x, m, n, o, p, q, r, s, t, u, v, w), x, i, j, k, l);
    return WITH_FOUR(WITH_FOUR(upper, x, e, f, g, h), x, a, b, c, d);
}

/* What follows is printed by tests/compiler/polynomials.py: interpolations in Chebyshev's points, made with mpmath. */
#if IS_FLOAT
/* (eˣ − 1 − x) / x² */
#define EXP_POLYNOMIAL(x) poly6(x, 0.5000000013, 0.1666666668, 0.04166646501, 0.008333310934, 0.001393364103, \
    0.0001989098087)
/* (2·atanh(√x)/√x − 2) / x */
#define LOG_POLYNOMIAL(x) poly4(x, 0.6666666628, 0.4000031125, 0.2853274477, 0.2374734454)
/* the same, up to 1/9 */
#define LOG1P_POLYNOMIAL(x) poly5(x, 0.6666666732, 0.3999970633, 0.2859235799, 0.217065758, 0.2322432922)
/* (2·atanh(√x)/√x − 2 − ⅔·x) / x² */
#define LOG_REST_POLYNOMIAL(x) poly3(x, 0.4000003828, 0.2855423299, 0.233561887)
/* (sin(√x)/√x − 1) / x */
#define SIN_POLYNOMIAL(x) poly4(x, -0.1666666666, 0.008333331875, -0.0001984008674, 2.72499258e-6)
/* (cos(√x) − 1 + x/2) / x² */
#define COS_POLYNOMIAL(x) poly3(x, 0.04166666466, -0.001388830304, 2.454794209e-5)
/* (atan(√x)/√x − 1) / x */
#define ATAN_POLYNOMIAL(x) poly6(x, -0.3333333326, 0.1999997166, -0.1428385682, 0.1106604214, -0.08585941216, \
    0.04950581961)
/* (asin(√x)/√x − 1) / x */
#define ASIN_POLYNOMIAL(x) poly6(x, 0.1666666634, 0.07500094543, 0.04459940153, 0.03110066274, 0.01714923836, \
    0.0336908472)
/* erf(√x)/√x */
#define ERF_POLYNOMIAL(x) poly8(x, 1.128379167, -0.3761263847, 0.112837825, -0.02686543073, 0.005221031808, \
    -0.0008484080406, 0.0001126595903, -9.667044571e-6)
/* (1 + 2y)·e^(y²)·erfc(y) of x = (y − 3.75) / (y + 3.75) */
#define TAIL_POLYNOMIAL(x) poly12(x, 1.237512631, -0.1402406041, 0.003585459229, 0.08227690738, -0.1088052701, \
    0.09230273687, -0.05868177715, 0.02836998838, -0.009788882822, 0.001733289042, 0.000364986983, -0.0002551744892)
#else
/* (eˣ − 1 − x) / x² */
#define EXP_POLYNOMIAL(x) poly11(x, 0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326141, \
    0.0013888888888883752, 0.00019841269874800493, 2.4801587325533363e-05, 2.7557255425746435e-06, \
    2.7557273661348637e-07, 2.510520637395701e-08, 2.0914679376583935e-09)
/* (2·atanh(√x)/√x − 2) / x */
#define LOG_POLYNOMIAL(x) poly8(x, 0.6666666666666666, 0.400000000000078, 0.2857142856733919, 0.22222223037807243, \
    0.18181738454723026, 0.15388834677801916, 0.1321036048513262, 0.13604015707124079)
/* the same, up to 1/9 */
#define LOG1P_POLYNOMIAL(x) poly11(x, 0.6666666666666666, 0.39999999999999525, 0.285714285716001, 0.2222222219823677, \
    0.18181819897962714, 0.1538454396486055, 0.13335178631449257, 0.11734279061303197, 0.10845178394880015, \
    0.07492143795550767, 0.1563057780092285)
/* (2·atanh(√x)/√x − 2 − ⅔·x) / x² */
#define LOG_REST_POLYNOMIAL(x) poly8(x, 0.39999999999999997, 0.28571428571435636, 0.22222222218517385, \
    0.18181818920691084, 0.15384543159505473, 0.13337155343891088, 0.11653325572378419, 0.1219181334216037)
/* (sin(√x)/√x − 1) / x */
#define SIN_POLYNOMIAL(x) poly6(x, -0.16666666666666666, 0.008333333333330948, -0.00019841269836758574, \
    2.755731610255244e-06, -2.5051131845003624e-08, 1.5918129294866608e-10)
/* (cos(√x) − 1 + x/2) / x² */
#define COS_POLYNOMIAL(x) poly6(x, 0.041666666666666664, -0.0013888888888887398, 2.480158729876569e-05, \
    -2.7557317271729793e-07, 2.08761462684032e-09, -1.1382632425521717e-11)
/* (atan(√x)/√x − 1) / x */
#define ATAN_POLYNOMIAL(x) poly12(x, -0.3333333333333333, 0.19999999999999682, -0.1428571428562991, \
    0.11111111102313345, -0.0909090861563529, 0.07692292488492786, -0.06666356810580268, 0.05878165522170671, \
    -0.0522496841589678, 0.045271750811398344, -0.03395765781462325, 0.0156227002982233)
/* (asin(√x)/√x − 1) / x */
#define ASIN_POLYNOMIAL(x) poly13(x, 0.16666666666666669, 0.07499999999998433, 0.04464285714635543, \
    0.030381944138531247, 0.02237217294214989, 0.017352392720869973, 0.013971212973552933, 0.011479177415184906, \
    0.01032281435018578, 0.005457506718640358, 0.01740087944269402, -0.014851887071247204, 0.028757851367421566)
/* erf(√x)/√x */
#define ERF_POLYNOMIAL(x) poly13(x, 1.1283791670955126, -0.3761263890318375, 0.11283791670954879, \
    -0.026866170645076792, 0.0052239776248180145, -0.000854832698083379, 0.0001205533111164271, \
    -1.4925595266831182e-05, 1.6461000484121368e-06, -1.6350312701054695e-07, 1.4659775274047436e-08, \
    -1.1372848856791674e-09, 5.957176147748911e-11)
/* (1 + 2y)·e^(y²)·erfc(y) of x = (y − 3.75) / (y + 3.75) */
#define TAIL_POLYNOMIAL(x) poly23(x, 1.2375126308378275, -0.14024059858554666, 0.003585415485464273, \
    0.08227673849011062, -0.10880393014173956, 0.09230432116156614, -0.058693398589725956, 0.028362277400156424, \
    -0.009746579559805752, 0.0017556260173399543, 0.00029371370624343697, -0.00029015495237433205, \
    5.164876243792616e-05, 2.238716782079896e-05, -1.144264497890015e-05, -9.798658183835937e-07, \
    1.7476659648383153e-06, -4.8692350779191805e-08, -2.523424982294143e-07, 1.6492599753143728e-08, \
    3.286253846510572e-08, -1.0678945141626052e-09, -2.4761191373526893e-09)
#endif
/* That was printed. */

/* ── parts of numbers ── */

#define SHIFT (IS_FLOAT ? 23 : 52)
#define BIAS FOR_REAL(1023, 127)
/* Added to a number below 2^51, or 2^22 in float, it leaves the nearest integer in the low bits. */
#define SHIFTER FOR_REAL(0x1.8p52, 0x1.8p23)
#define LEAST_NORMAL FOR_REAL(DBL_MIN, FLT_MIN)

INLINE V nearest(V x) {
#ifdef HAS_AVX512
    return SIMD(roundscale)(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
    return x + splat(SHIFTER) - splat(SHIFTER);
#endif
}

/* The nearest integer n to a product, and n in the form that `scaled` takes. */
INLINE V exponent_near(V x, V factor, V *n) {
#ifdef HAS_AVX512
    return *n = nearest(x * factor);
#else
    V exponent = fused(x, factor, splat(SHIFTER));
    *n = exponent - splat(SHIFTER);
    return exponent;
#endif
}

INLINE V exponent_of(V n) {
#ifdef HAS_AVX512
    return n;
#else
    return n + splat(SHIFTER);
#endif
}

/* x·2^n, where x and the result are normal numbers. */
INLINE V scaled(V x, V exponent) {
#ifdef HAS_AVX512
    return SIMD(scalef)(x, exponent);
#else
    return with_bits(bits_of(x) + (bits_of(exponent) << SHIFT));
#endif
}

/* x·2^n for x near to 1, rounded once where it isn't normal. */
INLINE V scaled_anywhere(V x, V exponent) {
#ifdef HAS_AVX512
    return SIMD(scalef)(x, exponent);
#else
    const M up = greater(exponent, splat(SHIFTER));
    const REAL far = FOR_REAL(0x1p64, 0x1p32);
    V nearer = scaled(x * choose(up, splat(1 / far), splat(far)), exponent);
    return nearer * choose(up, splat(far), splat(1 / far));
#endif
}

/* m from ¾ to 1½, and n, where x = m·2^n, for normal x above 0. */
INLINE V mantissa_of(V x, V *n) {
#ifdef HAS_AVX512
    V m = SIMD(getmant)(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan), exponent = SIMD(getexp)(x);
    *n = SIMD(mask_add)(exponent, less(m, splat(1)), exponent, splat(1));
    return m;
#else
    I bits = bits_of(x) - bits_of(splat(0.75)) + bits_of(splat(1)), one = bits_of(splat(0)) + 1;
    *n = with_bits(bits >> SHIFT | bits_of(splat(SHIFTER))) - splat(SHIFTER + BIAS);
    return with_bits((bits & ((one << SHIFT) - one)) + bits_of(splat(0.75)));
#endif
}

#ifdef HAS_AVX512
/* Other numbers have exponents and mantissas too, from which come the right logarithms. */
#define mantissa_of_any mantissa_of
#define HAS_USUAL_LOG(x) 1
#else
#define HAS_USUAL_LOG(x) all(both(greater_equal(x, splat(LEAST_NORMAL)), less(x, splat(INFINITY))))

/* The same for numbers that aren't normal too. */
INLINE V mantissa_of_any(V x, V *n) {
    const M small = less(x, splat(LEAST_NORMAL));
    V m = mantissa_of(choose(small, x * splat(FOR_REAL(0x1p54, 0x1p25)), x), n);
    *n = *n - choose(small, splat(FOR_REAL(54, 25)), splat(0));
    return m;
}
#endif

/* The upper half of the digits of x, whose square is exact. */
INLINE V upper(V x) {
    I ones = bits_of(splat(0)) + 1;
    return with_bits(bits_of(x) & -(ones << (IS_FLOAT ? 12 : 27)));
}

/* What was lost when x·y was rounded to z. */
INLINE V lost_in_product(V x, V y, V z) {
#ifdef HAS_FMA
    return fused(x, y, -z);
#else
    V a = upper(x), b = x - a, c = upper(y), d = y - c;
    return ((a * c - z) + a * d + b * c) + b * d;
#endif
}

/* ── exponentials ── */

#define LOG2_E FOR_REAL(1.4426950408889634, 1.4426950408889634)
/* Products of the upper part with exponents are exact. */
#define LN_2_UPPER FOR_REAL(0x1.62e42fefp-1, 0x1.62e4p-1)
#define LN_2_LOWER FOR_REAL(0x1.473de6af278edp-34, 0x1.7f7d1cf79abcap-20)
/* The nearest number, and the rest. */
#define LN_2 FOR_REAL(0x1.62e42fefa39efp-1, 0x1.62e43p-1)
#define LN_2_REST FOR_REAL(0x1.abc9e3b39803fp-56, -0x1.05c610ca86c39p-29)
/* From here on e^x is infinite, and from there it is 0. */
#define EXP_MOST splat(FOR_REAL(709.79, 88.73))
#define EXP_LEAST splat(FOR_REAL(-746, -105))
/* Up to this size of x, e^x is a normal number. */
#define EXP_USUAL splat(FOR_REAL(708, 87))

/* e^r − 1, and n as an exponent, where x − low = r + n·log 2; low must be below 0.06. */
INLINE V exp_rest(V x, V low, V *exponent) {
    V n;
    *exponent = exponent_near(x, splat(LOG2_E), &n);
    V high = fused(-n, splat(LN_2_UPPER), x), r = fused(-n, splat(LN_2_LOWER), high - low);
    V lost = fused(-n, splat(LN_2_LOWER), (high - r) - low);
    return r + fused(r * r, EXP_POLYNOMIAL(r), lost);
}

/* e^(x − low) for every x. */
APART V exp_of_any(V x, V low) {
    V exponent, rest = exp_rest(at_least(at_most(x, EXP_MOST), EXP_LEAST), low, &exponent);
    return scaled_anywhere(splat(1) + rest, exponent);
}

/* e^(x − low). */
INLINE V exp_of_difference(V x, V low) {
#ifdef HAS_AVX512
    V exponent, rest = exp_rest(at_least(at_most(x, EXP_MOST), EXP_LEAST), low, &exponent);
#else
    if (!all(less(word_absolute(x), EXP_USUAL))) return exp_of_any(x, low);
    V exponent, rest = exp_rest(x, low, &exponent);
#endif
    return scaled(splat(1) + rest, exponent);
}

WORD V word_exp(V x) {
#if LANES == 1
    return (REAL)exp((double)x); /* With its tables it is quicker for a single number. */
#else
    return exp_of_difference(x, splat(0));
#endif
}

WORD V word_expm1(V x) {
    V exponent, rest = exp_rest(at_least(at_most(x, EXP_MOST), splat(-50)), splat(0), &exponent);
    V half = scaled(splat(0.5), exponent); /* 2^n may be infinite. */
    V z = fused(half, rest, half - splat(0.5));
    return word_copysign(choose(less(word_absolute(x), splat(0.25)), rest, z + z), x);
}

WORD V word_exp2(V x) {
    V limited = at_least(at_most(x, splat(FOR_REAL(1025, 129))), splat(FOR_REAL(-1076, -151)));
    V n, exponent = exponent_near(limited, splat(1), &n);
    V part = limited - n, r = part * splat(LN_2_UPPER + LN_2_LOWER);
    V lost = fused(part, splat(LN_2_LOWER), lost_in_product(part, splat(LN_2_UPPER), r));
    return scaled_anywhere(splat(1) + (r + fused(r * r, EXP_POLYNOMIAL(r), lost)), exponent);
}

/* x − n·log 2 in two parts, of which e^(r + low) is e^r + low for small n. The larger n is, the larger is the error of
 * that; tanh, which is near 1 then, doesn't feel it. */
INLINE V rest_of_few(V x, V n, V *low) {
#ifdef HAS_FMA
    *low = -n * splat(LN_2_REST);
    return fused(-n, splat(LN_2), x);
#else
    V high = x - n * splat(LN_2_UPPER), r = high - n * splat(LN_2_LOWER);
    *low = (high - r) - n * splat(LN_2_LOWER);
    return r;
#endif
}

WORD V word_tanh(V x) {
    V size = at_most(word_absolute(x), splat(22)); /* From here on it is 1 to the last digit. */
    /* With m = e^(2·size) − 1 it is m/(m + 2). A chain waits for each result: m is summed so that the polynomial,
     * which takes longest, comes last, and so that no smaller term has been rounded away before. */
    V n, low, exponent = exponent_near(size, splat(2 * LOG2_E), &n), r = rest_of_few(size + size, n, &low);
    V power = scaled(splat(1), exponent), start = fused(power, low, fused(power, r, power - splat(1)));
    V m = fused(power * (r * r), EXP_POLYNOMIAL(r), start);
    return word_copysign(m / (m + splat(2)), x);
}

#define COSH_MOST splat(FOR_REAL(711, 90))

/* ½·e^|x| of what exp_rest gives for |x|: it is in range where the hyperbolic functions are. */
INLINE V half_exp(V rest, V exponent) { return scaled_anywhere(splat(0.5) * (splat(1) + rest), exponent); }

WORD V word_cosh(V x) {
    V exponent, rest = exp_rest(at_most(word_absolute(x), COSH_MOST), splat(0), &exponent);
    V half = half_exp(rest, exponent);
    return half + splat(0.25) / half;
}

WORD V word_sinh(V x) {
    V size = word_absolute(x), exponent, rest = exp_rest(at_most(size, COSH_MOST), splat(0), &exponent);
    V half = scaled(splat(0.5), exponent), z = fused(half, rest, half - splat(0.5));
    z = choose(less(size, splat(FOR_REAL(1e-10, 1e-5))), size, z + z / (z + z + splat(1)));
    return word_copysign(choose(greater(size, splat(40)), half_exp(rest, exponent), z), x);
}

/* ── logarithms ── */

/* n·log 2 + log(1 + f + low), for 1 + f from ¾ to 1½ and a low part that is small. */
INLINE V log_of_parts(V f, V n, V low) {
    /* With s = f/(2 + f) it is 2·atanh(s) = f − (½f² − s·(½f² + R(s²))). */
    V s = f / (splat(2) + f), square = s * s, half = splat(0.5) * f * f;
    V rest = fused(s, fused(square, LOG_POLYNOMIAL(square), half), fused(n, splat(LN_2_LOWER), low));
    return fused(n, splat(LN_2_UPPER), f - (half - rest));
}

/* A logarithm of x, that of 0, of an infinity, of a number below 0 or of nan included. */
INLINE V log_at_ends(V x, V z) {
    V end = choose(equal(x, splat(0)), splat(-INFINITY), choose(greater(x, splat(0)), x, splat(NAN)));
    return choose(both(greater(x, splat(0)), less(x, splat(INFINITY))), z, end);
}

APART V log_of_any(V x) {
    V n, m = mantissa_of_any(x, &n);
    return log_at_ends(x, log_of_parts(m - splat(1), n, splat(0)));
}

WORD V word_log(V x) {
#if LANES == 1
    return (REAL)log((double)x);
#else
    if (!HAS_USUAL_LOG(x)) return log_of_any(x);
    V n, m = mantissa_of(x, &n);
    return log_of_parts(m - splat(1), n, splat(0));
#endif
}

/* log(1 + x) where 1 + x is above 0 and below 2^60; elsewhere it may be any number. */
INLINE V log1p_inside(V x, M inside) {
    V sum = splat(1) + x, n, m = mantissa_of(sum, &n), f = m - splat(1);
    V lost = (x - (sum - splat(1))) * scaled(splat(1), exponent_of(-n));
    lost = fused(-f, fused(-f, lost, lost), lost); /* About lost/m. */
    return log_of_parts(f, n, choose(inside, lost, splat(0)));
}

APART V log1p_of_any(V x) {
    V sum = splat(1) + x;
    const M inside = both(greater(sum, splat(0)), less(sum, splat(0x1p60)));
    return word_copysign(log_at_ends(sum, log1p_inside(x, inside)), x);
}

WORD V word_log1p(V x) {
    const M inside = both(greater(x, splat(-1)), less(x, splat(0x1p59)));
    return all(inside) ? word_copysign(log1p_inside(x, inside), x) : log1p_of_any(x);
}

/* log(1 + x) for x from 0 to 1, where it needs no power of two. */
INLINE V log1p_of_part(V x) {
    V s = x / (splat(2) + x), square = s * s, half = splat(0.5) * x * x;
    return x - (half - s * fused(square, LOG1P_POLYNOMIAL(square), half));
}

WORD V word_softplus(V x) {
    return at_least(x, splat(0)) + log1p_of_part(exp_of_difference(-word_absolute(x), splat(0)));
}

WORD V word_logaddexp(V x, V y) {
    V rest = log1p_of_part(exp_of_difference(-word_absolute(x - y), splat(0)));
    /* The difference of equal infinities is nan, which fmin passes over. */
    return word_maximum(x, y) + word_fmin(rest, splat(0.6931471805599453));
}

/* The logarithm of x to a base of which 1/log(base) and log(2)/log(base) are given in two parts. */
INLINE V log_to_base(V x, REAL upper_factor, REAL lower_factor, REAL upper_of_2, REAL lower_of_2) {
    V n, m = mantissa_of_any(x, &n), f = m - splat(1), s = f / (splat(2) + f), square = s * s, half = splat(0.5) * f * f;
    V high = upper(f - half), low = fused(s, fused(square, LOG_POLYNOMIAL(square), half), (f - high) - half);
    V rest = fused(low + high, splat(lower_factor), fused(low, splat(upper_factor), n * splat(lower_of_2)));
    V whole = n * splat(upper_of_2), part = high * splat(upper_factor), z = whole + part;
    return log_at_ends(x, z + (((whole - z) + part) + rest));
}

WORD V word_log2(V x) {
    return log_to_base(x, FOR_REAL(0x1.71547652p+0, 0x1.714p+0), FOR_REAL(0x1.705fc2eefa2p-33, 0x1.47652bp-12), 1, 0);
}

WORD V word_log10(V x) {
    return log_to_base(x, FOR_REAL(0x1.bcb7b152p-2, 0x1.bcap-2), FOR_REAL(0x1.b9438ca9aadd5p-36, 0x1.7b1526p-14),
                       FOR_REAL(0x1.34413509f7p-2, 0x1.344p-2), FOR_REAL(0x1.3fde623e2566bp-43, 0x1.3509f7p-18));
}

/* ── powers ── */

LANE_BY_LANE_OF_TWO(libm_power, pow)

/* log x for finite x above 0, to twice the digits: the result and what it lacks. */
INLINE V precise_log(V x, V *lack) {
    V n, m = mantissa_of_any(x, &n), f = m - splat(1), d = splat(1) + m, inverse = splat(1) / d;
    V s = f * inverse, s_low = (-lost_in_product(s, d, s * d) + (f - s * d) - s * (m - (d - splat(1)))) * inverse;
    V square = s * s, square_low = fused(s + s, s_low, lost_in_product(s, s, square));
    /* The series 2s·(1 + s²·(⅓ + s²·…)) from the inside. */
    V inner = square * LOG_REST_POLYNOMIAL(square), third = splat(2.0 / 3.0), factor = third + inner;
    V factor_low = ((third - factor) + inner) + splat(FOR_REAL(0x1.5555555555555p-55, -0x1.555556p-26));
    V t = square * factor, t_low = lost_in_product(square, factor, t) + (square * factor_low + square_low * factor);
    V v = s * t, v_low = lost_in_product(s, t, v) + (s * t_low + s_low * t);
    V whole = n * splat(LN_2_UPPER), sum = whole + (s + s), z = sum + v;
    *lack = ((whole - sum) + (s + s)) + ((sum - z) + v) + (fused(n, splat(LN_2_LOWER), s_low + s_low) + v_low);
    return z;
}

WORD V word_power(V x, V y) {
#if LANES == 1
    return (REAL)pow((double)x, (double)y);
#else
    V size = word_absolute(x), lack;
    const M usual = both(greater(size, splat(0)), less(size, splat(INFINITY)));
    if (!all(both(usual, less(word_absolute(y), splat(FOR_REAL(0x1p50, 0x1p21)))))) return libm_power(x, y);
    V log = precise_log(size, &lack), product = y * log, low = fused(y, lack, lost_in_product(y, log, product));
    V z = exp_of_difference(product, choose(less(word_absolute(product), splat(1000)), -low, splat(0)));
    V half = splat(0.5) * y, of_odd = choose(equal(nearest(half), half), z, -z);
    V of_negative = choose(equal(nearest(y), y), of_odd, splat(NAN));
    return choose(less(x, splat(0)), of_negative, z);
#endif
}

/* ── circular functions ── */

/* Products of a quarter turn in three parts with so small a number of them are exact, but for the last part. */
#define FEW_TURNS splat(FOR_REAL(50000, 1000))

LANE_BY_LANE(libm_sin, sin)
LANE_BY_LANE(libm_cos, cos)
LANE_BY_LANE(libm_tan, tan)

/* The sine and cosine of the rest of x beyond a whole number of quarter turns, which is in the low bits of the result. */
INLINE I quarter_turns(V x, V *sine, V *cosine) {
    V n = nearest(fused(x, splat(0x1.45f306dc9c883p-1), splat(0)));
    V r = fused(-n, splat(FOR_REAL(0x1.921fb544p+0, 0x1.92p+0)), x);
    r = fused(-n, splat(FOR_REAL(0x1.0b4611a6p-34, 0x1.fb4000p-12)), r);
    if (IS_FLOAT) r = fused(-n, splat(0x1.444000p-24), r);
    r = fused(-n, splat(FOR_REAL(0x1.3198a2e037073p-69, 0x1.68c234p-39)), r);
    V square = r * r, half = splat(0.5) * square, most = splat(1) - half;
    *sine = fused(r * square, SIN_POLYNOMIAL(square), r);
    *cosine = most + fused(square * square, COS_POLYNOMIAL(square), (splat(1) - most) - half);
    return bits_of(n + splat(SHIFTER));
}

/* Whether an integer is odd: its lowest bit is put where that of 2 is. */
INLINE M is_odd(I n) { return not_equal(with_bits(n << (SHIFT + (IS_FLOAT ? 7 : 10)) & bits_of(splat(2))), splat(0)); }

/* The sine of so many quarter turns and a rest, of which the sine and cosine are given. */
INLINE V sine_of_turns(I turns, V sine, V cosine) {
    I ones = bits_of(splat(0)) + 1;
    V z = choose(is_odd(turns), cosine, sine);
    return with_bits(bits_of(z) ^ ((turns & (ones + ones)) << (IS_FLOAT ? 30 : 62)));
}

WORD V word_sin(V x) {
    if (!all(less(word_absolute(x), FEW_TURNS))) return libm_sin(x);
    V sine, cosine;
    I turns = quarter_turns(x, &sine, &cosine);
    return choose(equal(x, splat(0)), x, sine_of_turns(turns, sine, cosine));
}

WORD V word_cos(V x) {
    if (!all(less(word_absolute(x), FEW_TURNS))) return libm_cos(x);
    V sine, cosine;
    I turns = quarter_turns(x, &sine, &cosine);
    return sine_of_turns(turns + 1, sine, cosine);
}

WORD V word_tan(V x) {
    if (!all(less(word_absolute(x), FEW_TURNS))) return libm_tan(x);
    V sine, cosine;
    const M odd = is_odd(quarter_turns(x, &sine, &cosine));
    V z = choose(odd, -cosine, sine) / choose(odd, sine, cosine);
    return choose(equal(x, splat(0)), x, z);
}

/* ── inverse functions ── */

#define HALF_PI FOR_REAL(0x1.921fb54442d18p+0, 0x1.921fb6p+0)
/* What HALF_PI lacks. */
#define HALF_PI_LOW FOR_REAL(0x1.1a62633145c07p-54, -0x1.777a5cp-25)

/* The angle, from 0 to π/2, whose sine and cosine are in this ratio; both are from 0 on, and their sum is in range. */
INLINE V angle_of(V sine, V cosine) {
    /* It is the angle at ⅛ of a turn or at ¼, and a rest with a small tangent. */
    const M beyond_first = greater(sine, splat(0.4142135623730950) * cosine);
    const M beyond_second = greater(splat(0.4142135623730950) * sine, cosine);
    V upper_part = choose(beyond_second, -cosine, choose(beyond_first, sine - cosine, sine));
    V lower_part = choose(beyond_second, sine, choose(beyond_first, sine + cosine, cosine));
    V share = choose(beyond_second, splat(1), choose(beyond_first, splat(0.5), splat(0)));
    V t = upper_part / lower_part, square = t * t, rest = fused(t * square, ATAN_POLYNOMIAL(square), t);
    return fused(share, splat(HALF_PI), fused(share, splat(HALF_PI_LOW), rest));
}

WORD V word_atan(V x) {
    V size = at_most(word_absolute(x), splat(FOR_REAL(1e300, 1e30)));
    return word_copysign(angle_of(size, splat(1)), x);
}

LANE_BY_LANE_OF_TWO(libm_atan2, atan2)

WORD V word_atan2(V x, V y) {
    V sine = word_absolute(x), cosine = word_absolute(y), sum = sine + cosine;
    /* Products of smaller numbers may be 0. */
    if (!all(both(greater(sum, splat(FOR_REAL(1e-290, 1e-30))), less(sum, splat(INFINITY))))) return libm_atan2(x, y);
    V z = angle_of(sine, cosine);
    V left = splat(2 * HALF_PI) - (z - splat(2 * HALF_PI_LOW));
    return word_copysign(choose(less(y, splat(0)), left, z), x);
}

/* asin(√square) of 0 ≤ square ≤ ¼, and that root. */
INLINE V asin_of_root(V root, V square) { return fused(root * square, ASIN_POLYNOMIAL(square), root); }

WORD V word_asin(V x) {
    V size = word_absolute(x), square = splat(0.5) * (splat(1) - size);
    const M small = less(size, splat(0.5));
    V z = asin_of_root(choose(small, size, word_sqrt(square)), choose(small, size * size, square));
    return word_copysign(choose(small, z, splat(HALF_PI) - (z + z - splat(HALF_PI_LOW))), x);
}

WORD V word_acos(V x) {
    V size = word_absolute(x), square = splat(0.5) * (splat(1) - size);
    const M small = less(size, splat(0.5));
    V z = asin_of_root(choose(small, x, word_sqrt(square)), choose(small, size * size, square));
    V near_end = choose(less(x, splat(0)), splat(2 * HALF_PI) - (z + z - splat(2 * HALF_PI_LOW)), z + z);
    return choose(small, splat(HALF_PI) - (z - splat(HALF_PI_LOW)), near_end);
}

/* From here on, the inverse hyperbolic functions are log(2x) to the last digit. */
#define LARGE splat(FOR_REAL(1e100, 1e15))

WORD V word_asinh(V x) {
    V size = word_absolute(x), square = size * size;
    V usual = size + square / (splat(1) + word_sqrt(splat(1) + square));
    const M is_large = greater(size, LARGE);
    V z = word_log1p(choose(is_large, size, usual));
    return word_copysign(choose(is_large, z + splat(LN_2_UPPER + LN_2_LOWER), z), x);
}

WORD V word_acosh(V x) {
    V t = x - splat(1);
    const M is_large = greater(x, LARGE);
    V z = word_log1p(choose(is_large, x, t + word_sqrt(t * (splat(2) + t))));
    return choose(less(x, splat(1)), splat(NAN), choose(is_large, z + splat(LN_2_UPPER + LN_2_LOWER), z));
}

WORD V word_atanh(V x) {
    V size = word_absolute(x);
    return word_copysign(splat(0.5) * word_log1p((size + size) / (splat(1) - size)), x);
}

/* ── the normal distribution ── */

/* Beyond it e^(−x²/2) is 0. */
#define GAUSSIAN_END splat(FOR_REAL(40, 15))

WORD V word_gaussian(V x, V rate) {
    V t = at_least(at_most(x, GAUSSIAN_END), -GAUSSIAN_END), high = upper(t);
    return exp_of_difference(-rate * (high * high), rate * ((t - high) * (t + high)));
}

/* erfc(x) for x ≥ 0, given e^(−x²). */
INLINE V tail(V x, V gaussian) {
    V t = (x - splat(3.75)) / (x + splat(3.75));
    return TAIL_POLYNOMIAL(t) * gaussian / (splat(1) + (x + x));
}

WORD V word_erf(V x) {
#if LANES == 1
    return (REAL)erf((double)x);
#else
    V size = word_absolute(x), far = at_most(size, splat(6)); /* From here on it is 1 to the last digit. */
    V beyond = word_copysign(splat(1) - tail(far, word_gaussian(far, splat(1))), x);
    return choose(less(size, splat(1)), x * ERF_POLYNOMIAL(x * x), beyond);
#endif
}

WORD V word_normal_cdf(V x) {
    V size = at_most(word_absolute(x), GAUSSIAN_END);
    V z = splat(0.5) * tail(size * splat(0.70710678118654752), word_gaussian(size, splat(0.5)));
    return choose(greater(x, splat(0)), splat(1) - z, z);
}
