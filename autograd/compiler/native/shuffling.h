/* Python's random.Random: its generator, the Mersenne Twister, and `shuffle`, with the same results.
 *
 * The state is that of `Random.getstate()[1]`: 624 words, and the place of the next one. */

enum { WORDS = 624, FURTHER = 397 };

/* Makes all words of the state anew. */
static void twist(uint32_t *state) {
    for (int i = 0; i < WORDS; i++) {
        uint32_t y = (state[i] & 0x80000000u) | (state[(i + 1) % WORDS] & 0x7fffffffu);
        state[i] = state[(i + FURTHER) % WORDS] ^ (y >> 1) ^ (y & 1u ? 0x9908b0dfu : 0u);
    }
    state[WORDS] = 0;
}

static uint32_t next_word(uint32_t *state) {
    if (state[WORDS] >= WORDS) twist(state);
    uint32_t y = state[state[WORDS]++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

/* A number from 0 to below n, for n of at least 1: as many bits as n has, until they make one. */
static uint32_t draw_below(uint32_t *state, uint32_t n) {
    int bits = 0;
    while (bits < 32 && n >> bits) bits++;
    for (;;) {
        uint32_t drawn = next_word(state) >> (32 - bits);
        if (drawn < n) return drawn;
    }
}

static void shuffle(uint32_t *state, int64_t *row, long count) {
    for (long i = count - 1; i > 0; i--) {
        uint32_t j = draw_below(state, (uint32_t)i + 1);
        int64_t kept = row[i];
        row[i] = row[j];
        row[j] = kept;
    }
}
