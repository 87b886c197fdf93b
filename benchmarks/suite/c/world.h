// What a twin of lives reads and writes: households, and sums of fixed-point integers.
#pragma once
#include "arrays.h"

enum { N_OUTCOMES = 35, N_FLOWS = 29, N_BINS = 280, N_HEIR_BINS = 56, N_MOMENTS = 19, N_LISTS = 5, N_SCORES = 25 };

// Households as the kernel has them: X(type, kind in the file, name).
#define HOUSEHOLDS(X) \
    X(uint32_t, 4, key) X(int32_t, 2, village) X(double, 1, weight) X(float, 0, size) X(float, 0, land) \
    X(float, 0, skill) X(float, 0, wages) X(float, 0, other) X(int32_t, 2, type_at) X(int32_t, 2, land_at) \
    X(float, 0, skill_place) X(float, 0, other_place) X(int32_t, 2, is_eligible) X(int32_t, 2, reach) \
    X(int32_t, 2, type_kind) X(int32_t, 2, quintile) X(float, 0, assets) X(float, 0, savings) \
    X(int32_t, 2, technique) X(int32_t, 2, knowledge) X(int32_t, 2, confidence) X(float, 0, participation) \
    X(float, 0, age) X(float, 0, school) X(float, 0, child_health) X(float, 0, child_school) \
    X(float, 0, consumption)

typedef struct {
#define FIELD(type, kind, name) type *name;
    HOUSEHOLDS(FIELD)
#undef FIELD
} people;

// Sums in the order in which they are written: X(name, how many).
#define SUMS(X) \
    X(year, run.n_years * 2 * N_OUTCOMES) X(village, run.n_horizons * 2 * N_OUTCOMES * run.n_villages) \
    X(period, run.n_years * run.per_year * 4) X(histogram, run.n_horizons * 2 * N_BINS) X(mobility, 5 * N_BINS) \
    X(pattern, 16) X(start, 5) X(heir, 2 * N_MOMENTS) X(heir_joint, N_HEIR_BINS * N_HEIR_BINS) \
    X(heir_class, 2 * 25) X(status, 2)

static struct {
#define FIELD(name, count) int64_t *name;
    SUMS(FIELD)
#undef FIELD
} sums;

static struct {
    int64_t n, n_years, per_year, n_horizons, n_villages, n_blocks, largest;
    uint32_t seed, replicate;
    int32_t escape_years, is_shy, lean_season;
    const int64_t *blocks; // (n_blocks, 2)
    const int32_t *horizon, *slot, *is_new_terms;
    const float *own_factor, *input_help, *outlay_keep, *return_save, *return_borrow, *credit_limit; // (P + 1, L)
    const float *own_loss, *wage_loss, *other_loss, *asset_loss, *price, *school_closed, *at_stake, *pupil_stake;
    const float *season_output, *season_outlay, *season_price;
    float share_hit;
} run;

static people all;

static void read_run(void) {
#define FIELD(type, code, name) all.name = (type *)array("households." #name, code);
    HOUSEHOLDS(FIELD)
#undef FIELD
    run.n = find("households.key")->count;
    run.n_years = (int64_t)number("n_years");
    run.per_year = (int64_t)number("p.periods_per_year");
    run.n_horizons = (int64_t)number("n_horizons");
    run.n_villages = (int64_t)number("n_villages");
    run.n_blocks = find("blocks")->count / 2;
    run.blocks = array("blocks", 3);
    run.seed = (uint32_t)number("seed");
    run.replicate = (uint32_t)number("replicate");
    run.escape_years = (int32_t)number("scenario.escape_years");
    run.share_hit = (float)number("scenario.share_hit");
    run.horizon = array("scenario.horizon", 2);
    run.slot = array("scenario.slot", 2);
    run.is_new_terms = array("scenario.is_new_terms", 2);
#define FIELD(name) run.name = array("scenario." #name, 0);
    FIELD(own_factor) FIELD(input_help) FIELD(outlay_keep) FIELD(return_save) FIELD(return_borrow)
    FIELD(credit_limit) FIELD(own_loss) FIELD(wage_loss) FIELD(other_loss) FIELD(asset_loss) FIELD(price)
    FIELD(school_closed) FIELD(at_stake) FIELD(pupil_stake)
#undef FIELD
    run.season_output = array("p.season_output", 0);
    run.season_outlay = array("p.season_outlay", 0);
    run.season_price = array("p.season_price", 0);
    for (int s = 1; s < run.per_year; s++)
        if (run.season_price[s] > run.season_price[run.lean_season]) run.lean_season = s;
    run.is_shy = number("tables.n_minds") > 2;
    for (int64_t b = 0; b < run.n_blocks; b++) {
        int64_t size = run.blocks[2 * b + 1] - run.blocks[2 * b];
        if (size > run.largest) run.largest = size;
    }
#define FIELD(name, count) sums.name = memory((size_t)(count) * 8);
    SUMS(FIELD)
#undef FIELD
}

static void clear_sums(void) {
#define FIELD(name, count) memset(sums.name, 0, (size_t)(count) * 8);
    SUMS(FIELD)
#undef FIELD
}

static void write_sums(const char *path) {
    FILE *out = fopen(path, "wb");
    if (!out) fail("cannot write", path);
#define FIELD(name, count) fwrite(sums.name, 8, (size_t)(count), out);
    SUMS(FIELD)
#undef FIELD
    if (fclose(out)) fail("cannot write", path);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Philox4x32-10 (Salmon and others 2011), and a word as a number strictly between 0 and 1 (23 bits, centred).
enum { QUARTER, YEAR, LEARNING, DROUGHT, SEVERITY, PANEL, BELIEF, HEIR, CHILD };

INLINE void philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t *out) {
    uint32_t k0 = run.seed, k1 = run.replicate;
    for (int r = 0; r < 10; r++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

// A twin lives all blocks once to warm up and then as often as it is told, and prints the seconds of each.
static void live_block(int64_t first, int64_t n);
static void make_ready(void);

// Between two marks an instruction counter steps through one life (count_instructions.c).
static void mark(void) { __asm__ volatile("int3"); }

int main(int n_words, char **words) {
    if (n_words < 4) fail("usage: twin WORLD SUMS REPEATS [count]; got too few words by", "caller");
    int is_counted = n_words > 4;
    open_arrays(words[1]);
    read_run();
    make_ready();
    for (int repeat = 0; repeat <= atoi(words[3]); repeat++) {
        clear_sums();
        if (is_counted && repeat) mark();
        double began = seconds();
        for (int64_t b = 0; b < run.n_blocks; b++) live_block(run.blocks[2 * b], run.blocks[2 * b + 1] - run.blocks[2 * b]);
        double took = seconds() - began;
        if (is_counted && repeat) mark();
        if (repeat) printf("%.9f\n", took);
    }
    write_sums(words[2]);
    return 0;
}
