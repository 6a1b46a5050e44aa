/* Words over V that are made of several others. */

/* ── lengths of vectors ── */

INLINE M is_infinite(V x) { return equal(word_absolute(x), splat(INFINITY)); }
INLINE V one_if_infinite(V x) { return choose(is_infinite(x), splat(1), splat(0)); }

/* The power of two that brings numbers whose greatest is size near to 1, so that their squares are in range. */
INLINE V scale_of(V size) {
    V kept = at_least(at_most(size, splat(FOR_REAL(0x1p1000, 0x1p120))), splat(FOR_REAL(0x1p-1000, 0x1p-120)));
    I one = bits_of(splat(1)), exponent = bits_of(kept) & bits_of(splat(INFINITY));
    return with_bits(one + one - exponent);
}

/* The length of a vector times the scale, from the sum of the squares of its numbers times the scale. */
INLINE V scaled_length(V size, V squares) { return choose(is_infinite(size), splat(INFINITY), word_sqrt(squares)); }

/* How many numbers of a vector are infinite, or 0 if there is a nan beside them. */
INLINE V infinities_of(V count, V squares) { return choose(equal(squares, squares), count, splat(0)); }

/* x, a number of a vector, over its length; a single infinity is all of it. */
INLINE V part_of_length(V x, V scale, V length, V infinities) {
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
    V z = c * word_power(x, y - k), size = word_absolute(z), most = splat(FOR_REAL(0x1p500, 0x1p60));
    const M in_range = both(greater(size, splat(1) / most), less(size, most));
    if (all(both(in_range, greater(x, splat(0))))) return z;
    for (int i = 0; i < LANES; i++)
        LANE(z, i) = (REAL)scaled_power_of((double)LANE(c, i), (double)LANE(x, i), (double)LANE(y, i), (double)LANE(k, i));
    return z;
}

WORD V word_hypot(V x, V y) {
    V size = word_fmax(word_absolute(x), word_absolute(y)), scale = scale_of(size);
    V squares = (x * scale) * (x * scale) + (y * scale) * (y * scale);
    return scaled_length(size, squares) / scale;
}
