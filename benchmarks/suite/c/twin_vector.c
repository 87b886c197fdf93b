// The whole life of blocks of households in single precision, sixteen at a time in AVX-512, with the kernel's own
// polynomials and order of sums. What happens to few households a year is left to the plain C of life.h.
//
// A block's households are copied and filled up to a multiple of sixteen with copies that weigh nothing. Loops that
// the kernel keeps apart are one here: luck with earning, deciding with summing. A pool, a village's neighbours and a
// year's sums need everyone first. Without AVX-512 this file is life.h in single precision, as the compiler can.
#define REAL float
#define LOG2 log2_single
#define EXP2 exp2_single
#define SQRT sqrtf
#define RINT rintf
#define SINE_COSINE sine_cosine_single
#include "life.h"

#ifndef __AVX512DQ__
static void make_ready(void) { read_life(run.largest); }
static void live_block(int64_t first, int64_t n) { live_block_plainly(first, n); }
#else
#include <immintrin.h>

typedef __m512 F;
typedef __m512i I;
typedef __m512d D;
typedef __mmask16 M;

#define ALL(x) _mm512_set1_ps(x)
#define COUNT(x) _mm512_set1_epi32(x)
#define FMA _mm512_fmadd_ps // a b + c
#define FMS _mm512_fmsub_ps // a b - c
#define FNMA _mm512_fnmadd_ps // c - a b
#define MUL _mm512_mul_ps
#define ADD _mm512_add_ps
#define SUB _mm512_sub_ps
#define DIV _mm512_div_ps
#define MIN _mm512_min_ps
#define MAX _mm512_max_ps
#define PICK(mask, yes, no) _mm512_mask_blend_ps(mask, no, yes)
#define LESS(a, b) _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)
#define NOT_MORE(a, b) _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ)
#define AT(name) _mm512_load_ps(state.name + j)
#define COUNT_AT(name) _mm512_load_si512(state.name + j)
#define FIXED_AT(name) _mm512_load_ps(h.name + j)
#define FIXED_COUNT_AT(name) _mm512_load_si512(h.name + j)
#define PUT(name, x) _mm512_store_ps(state.name + j, x)
#define PUT_COUNT(name, x) _mm512_store_si512(state.name + j, x)

enum { TILE = 128 }; // households whose places in the tables are found before any is read: faster than one loop

static double *weights;  // in units of the sums: times 2^20
static int64_t *persons; // the same, rounded
static int64_t filled;   // households of the block, filled up
static M *eligible;      // by sixteen
static int64_t *amounts; // of one outcome, where a horizon wants them by village
static float *seen;      // chance to be set right by neighbours
static double *paid_in;  // into the pool, in units of the sums
static double *share_before, *share_upto; // of the pot, paid out before a member and up to it

static void make_ready(void) {
    run.largest = (run.largest + 15) / 16 * 16;
    read_life(run.largest);
#define FIELD(type, kind, name) h.name = memory((size_t)run.largest * sizeof(type));
    HOUSEHOLDS(FIELD)
#undef FIELD
    weights = memory((size_t)run.largest * 8);
    persons = memory((size_t)run.largest * 8);
    amounts = memory((size_t)run.largest * 8);
    seen = memory((size_t)run.largest * 4);
    paid_in = memory((size_t)run.largest * 8 + 64); // vectors of a village may reach beyond its end
    share_before = memory((size_t)run.largest * 8 + 64);
    share_upto = memory((size_t)run.largest * 8 + 64);
    eligible = memory((size_t)run.largest / 16 * sizeof(M));
}

static void fill(int64_t first, int64_t n) {
    filled = (n + 15) / 16 * 16;
#define FIELD(type, kind, name) \
    memcpy(h.name, all.name + first, (size_t)n * sizeof(type)); \
    for (int64_t j = n; j < filled; j++) h.name[j] = h.name[n - 1];
    HOUSEHOLDS(FIELD)
#undef FIELD
    for (int64_t j = 0; j < filled; j++) {
        if (j >= n) h.weight[j] = 0;
        weights[j] = h.weight[j] * 0x1p20;
        persons[j] = fixed(h.weight[j], 1);
        eligible[j / 16] = (M)((eligible[j / 16] & ~(1 << j % 16)) | (h.is_eligible[j] != 0) << j % 16);
    }
}

// Mathematics

INLINE F log2_all(F x) {
    I bits = _mm512_castps_si512(x), whole = _mm512_srai_epi32(_mm512_sub_epi32(bits, COUNT(0x3F3504F3)), 23);
    F f = SUB(_mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(whole, 23))), ALL(1));
    F p = ALL(0.125835371f);
    p = FMA(p, f, ALL(-0.20726894f)), p = FMA(p, f, ALL(0.215715846f)), p = FMA(p, f, ALL(-0.238944952f));
    p = FMA(p, f, ALL(0.287916237f)), p = FMA(p, f, ALL(-0.360703677f)), p = FMA(p, f, ALL(0.480910643f));
    p = FMA(p, f, ALL(-0.721347347f)), p = FMA(p, f, ALL(1.442695f));
    return FMA(f, p, _mm512_cvtepi32_ps(whole));
}

INLINE F exp2_all(F x) {
    x = MIN(MAX(x, ALL(-126)), ALL(126));
    F whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = SUB(x, whole);
    F p = ALL(0.000153458074f);
    p = FMA(p, r, ALL(0.00133999312f)), p = FMA(p, r, ALL(0.00961848897f)), p = FMA(p, r, ALL(0.0555032878f));
    p = FMA(p, r, ALL(0.240226469f)), p = FMA(p, r, ALL(0.693147206f)), p = FMA(p, r, ALL(1));
    return _mm512_scalef_ps(p, whole);
}

INLINE F flip(F x, I quarter, int32_t bit) { // the sign of x where a bit of the quarter is set
    I sign = _mm512_slli_epi32(quarter, 31 - bit);
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(x), sign, COUNT((int32_t)0x80000000), 0x78));
}

INLINE void sine_cosine_all(F turns, F *sine, F *cosine) {
    I quarter = _mm512_cvttps_epi32(FMA(turns, ALL(4), ALL(0.5f)));
    F r = FNMA(_mm512_cvtepi32_ps(quarter), ALL(0.25f), turns), v = MUL(r, r);
    F s = FMA(FMA(FMA(ALL(-75.3935628f), v, ALL(81.5923536f)), v, ALL(-41.3416615f)), v, ALL(6.28318529f));
    F c = FMA(FMA(FMA(FMA(ALL(59.2028005f), v, ALL(-85.4422981f)), v, ALL(64.9393107f)), v, ALL(-19.7392086f)), v, ALL(1));
    s = MUL(s, r);
    M odd = _mm512_test_epi32_mask(quarter, COUNT(1));
    *sine = flip(PICK(odd, c, s), quarter, 1);
    *cosine = flip(PICK(odd, s, c), _mm512_add_epi32(quarter, COUNT(1)), 1);
}

// Chance: eight households in the 64-bit lanes of each half, of which only the low words matter.

INLINE void philox_half(I c0, I c1, I c2, I c3, uint32_t k0, uint32_t k1, I *out) {
    const I m0 = _mm512_set1_epi64(0xD2511F53u), m1 = _mm512_set1_epi64(0xCD9E8D57u);
#pragma GCC unroll 10
    for (int r = 0; r < 10; r++) {
        I p0 = _mm512_mul_epu32(c0, m0), p1 = _mm512_mul_epu32(c2, m1);
        c0 = _mm512_ternarylogic_epi32(_mm512_srli_epi64(p1, 32), c1, _mm512_set1_epi64(k0), 0x96);
        c2 = _mm512_ternarylogic_epi32(_mm512_srli_epi64(p0, 32), c3, _mm512_set1_epi64(k1), 0x96);
        c1 = p1, c3 = p0;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

INLINE F unit_all(I even, I odd) {
    I word = _mm512_mask_shuffle_epi32(even, 0xAAAA, odd, 0xA0);
    return FMA(_mm512_cvtepi32_ps(_mm512_srli_epi32(word, 9)), ALL(0x1p-23f), ALL(0x1p-24f));
}

INLINE void units(I key, I c1, uint32_t purpose, uint32_t c3, uint32_t replicate, F *out, int wanted) {
    I even[4], odd[4], p = _mm512_set1_epi64(purpose), last = _mm512_set1_epi64(c3);
    philox_half(key, c1, p, last, run.seed, replicate, even);
    philox_half(_mm512_srli_epi64(key, 32), _mm512_srli_epi64(c1, 32), p, last, run.seed, replicate, odd);
    for (int i = 0; i < wanted; i++) out[i] = unit_all(even[i], odd[i]);
}

INLINE F radius_all(F unit) { return _mm512_sqrt_ps(MUL(ALL((float)(-2.0 * 0.69314718055994530942)), log2_all(unit))); }

// Tables

INLINE F pick_node(const float *nodes, int32_t last, I cell) { // of at most 64 nodes, from registers
    if (last > 62) return _mm512_i32gather_ps(cell, nodes, 4);
    F low = _mm512_permutex2var_ps(_mm512_loadu_ps(nodes), cell, _mm512_loadu_ps(nodes + 16));
    if (last <= 30) return low;
    F high = _mm512_permutex2var_ps(_mm512_loadu_ps(nodes + 32), cell, _mm512_loadu_ps(nodes + 48));
    return PICK(_mm512_test_epi32_mask(cell, COUNT(32)), high, low);
}

INLINE I locate_all(const grid *g, F x, F *place) {
    F debt = FMA(MIN(x, ALL(0)), ALL(g->debt_scale), ALL(g->debt_cells));
    F above = log2_all(FMA(MAX(x, ALL(0)), ALL(g->inverse_bend), ALL(1)));
    I cell = _mm512_cvttps_epi32(FMA(above, ALL(g->scale), debt));
    cell = _mm512_min_epi32(_mm512_max_epi32(cell, COUNT(0)), COUNT(g->last));
    F inside = MUL(SUB(x, pick_node(g->nodes, g->last, cell)), pick_node(g->inverse_widths, g->last, cell));
    *place = MIN(MAX(inside, ALL(0)), ALL(1));
    return cell;
}

INLINE F mix_all(F low, F high, F place) { return FMA(place, SUB(high, low), low); }

// Two numbers that lie side by side at each node, and at the next along money: 128 bits a household and node. A
// household's eight pairs of nodes are read one after another, and two households share a quarter of a register.
INLINE void two_among_types(const float *table, const strides *s, const int32_t *at, F assets, F money, F across, F along, F *first, F *second) {
    const float *nodes[8];
    F half[2];
    for (int node = 0; node < 8; node++)
        nodes[node] = table + (node >> 2) * s->skill_step + (node >> 1 & 1) * s->other_step + (node & 1) * s->row;
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) { // households 2k and 2k + 1 of each four
        F quad[2][8], mixed[8];
#pragma GCC unroll 2
        for (int one = 0; one < 2; one++)
#pragma GCC unroll 8
            for (int node = 0; node < 8; node++) {
                const int32_t *corner = at + 2 * k + one;
                F four = _mm512_castps128_ps512(_mm_loadu_ps(nodes[node] + corner[0]));
                four = _mm512_insertf32x4(four, _mm_loadu_ps(nodes[node] + corner[4]), 1);
                four = _mm512_insertf32x4(four, _mm_loadu_ps(nodes[node] + corner[8]), 2);
                quad[one][node] = _mm512_insertf32x4(four, _mm_loadu_ps(nodes[node] + corner[12]), 3);
            }
#define TWICE(x) (k ? _mm512_permute_ps(x, 0xFA) : _mm512_permute_ps(x, 0x50))
#define PAIR(how, x, y) _mm512_castpd_ps(how(_mm512_castps_pd(x), _mm512_castps_pd(y)))
#pragma GCC unroll 8
        for (int node = 0; node < 8; node++)
            mixed[node] = mix_all(PAIR(_mm512_unpacklo_pd, quad[0][node], quad[1][node]), PAIR(_mm512_unpackhi_pd, quad[0][node], quad[1][node]), TWICE(money));
        F low = mix_all(mix_all(mixed[0], mixed[1], TWICE(assets)), mix_all(mixed[2], mixed[3], TWICE(assets)), TWICE(along));
        F high = mix_all(mix_all(mixed[4], mixed[5], TWICE(assets)), mix_all(mixed[6], mixed[7], TWICE(assets)), TWICE(along));
        half[k] = mix_all(low, high, TWICE(across));
#undef PAIR
#undef TWICE
    }
    *first = _mm512_shuffle_ps(half[0], half[1], 0x88);
    *second = _mm512_shuffle_ps(half[0], half[1], 0xDD);
}

// One number at a corner, and at the next along money: 64 bits a household.
INLINE F one_corner(const float *table, I corner, F money) {
    const I even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const I odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    F low = _mm512_castsi512_ps(_mm512_i32gather_epi64(_mm512_castsi512_si256(corner), table, 4));
    F high = _mm512_castsi512_ps(_mm512_i32gather_epi64(_mm512_extracti64x4_epi64(corner, 1), table, 4));
    return mix_all(_mm512_permutex2var_ps(low, even, high), _mm512_permutex2var_ps(low, odd, high), money);
}

INLINE F one_among_types(const float *table, const strides *s, I corner, F assets, F money, F across, F along) {
    F x[2][2];
#pragma GCC unroll 2
    for (int skill = 0; skill < 2; skill++)
#pragma GCC unroll 2
        for (int other = 0; other < 2; other++) {
            const float *here = table + skill * s->skill_step + other * s->other_step;
            x[skill][other] = mix_all(one_corner(here, corner, money), one_corner(here + s->row, corner, money), assets);
        }
    return mix_all(mix_all(x[0][0], x[0][1], along), mix_all(x[1][0], x[1][1], along), across);
}

INLINE I mind_all(I knowledge, I confidence) {
    return _mm512_add_epi32(knowledge, _mm512_slli_epi32(_mm512_sub_epi32(COUNT(1), confidence), 1));
}

INLINE I times(I a, int32_t b) { return _mm512_mullo_epi32(a, COUNT(b)); }
INLINE I plus(I a, I b) { return _mm512_add_epi32(a, b); }

INLINE I by_list(const int32_t *row, I reach) { // a row of N_LISTS
    return _mm512_permutexvar_epi32(reach, _mm512_maskz_loadu_epi32((1 << N_LISTS) - 1, row));
}
INLINE F real_by_list(const float *row, I reach) {
    return _mm512_permutexvar_ps(reach, _mm512_maskz_loadu_ps((1 << N_LISTS) - 1, row));
}

// Sums

typedef struct { I every, listed; } pair; // of all, and of the eligible among them

INLINE void add_fixed(pair *sum, int64_t j, F value) {
    D low = _mm512_mul_pd(_mm512_load_pd(weights + j), _mm512_cvtps_pd(_mm512_castps512_ps256(value)));
    D high = _mm512_mul_pd(_mm512_load_pd(weights + j + 8), _mm512_cvtps_pd(_mm512_extractf32x8_ps(value, 1)));
    I a = _mm512_cvtpd_epi64(low), b = _mm512_cvtpd_epi64(high);
    M is = eligible[j / 16];
    sum->every = _mm512_add_epi64(sum->every, _mm512_add_epi64(a, b));
    sum->listed = _mm512_mask_add_epi64(sum->listed, (__mmask8)is, sum->listed, a);
    sum->listed = _mm512_mask_add_epi64(sum->listed, (__mmask8)(is >> 8), sum->listed, b);
}

INLINE void add_share(pair *sum, int64_t j, M who) {
    I a = _mm512_load_si512(persons + j), b = _mm512_load_si512(persons + j + 8);
    M is = who & eligible[j / 16];
    sum->every = _mm512_mask_add_epi64(sum->every, (__mmask8)who, sum->every, a);
    sum->every = _mm512_mask_add_epi64(sum->every, (__mmask8)(who >> 8), sum->every, b);
    sum->listed = _mm512_mask_add_epi64(sum->listed, (__mmask8)is, sum->listed, a);
    sum->listed = _mm512_mask_add_epi64(sum->listed, (__mmask8)(is >> 8), sum->listed, b);
}

INLINE void put_sum(const pair *sum, int64_t *out, int64_t apart) {
    int64_t every = _mm512_reduce_add_epi64(sum->every), listed = _mm512_reduce_add_epi64(sum->listed);
    out[0] += listed;
    out[apart] += every - listed;
}

// The period

static void grow_older_all(int64_t n, int64_t year) {
    for (int64_t j = 0; j < filled; j += 16) {
        F older = ADD(AT(age), ALL(1)), held = AT(assets), saved = AT(savings);
        M heir = _mm512_cmp_ps_mask(older, ALL(p.succession_age), _CMP_GE_OQ);
        F share = PICK(heir, ALL(p.inheritance), ALL(1));
        PUT(age, PICK(heir, ALL(p.heir_age), older));
        PUT(assets, MUL(held, share));
        PUT(savings, MUL(saved, share));
        PUT(estate_left, MUL(ADD(held, saved), SUB(ALL(1), share)));
        for (uint32_t left = heir; left; left &= left - 1) {
            int64_t at = j + __builtin_ctz(left);
            if (at < n) succeed_one(at, year);
        }
    }
}

INLINE void earn_all(int64_t season, int64_t before, int is_struck, int64_t quarter, int quarters, int is_new) {
    const float log2_e = 1.4426950408889634f;
    float share = 1 / p.quarters_per_period, reach = is_struck;
    F bill_share = ALL(p.illness_bill / p.periods_per_quarter), loss = ALL(is_new ? p.asset_loss : 0);
    float harvest_spread = p.harvest_sd * log2_e, wage_spread = p.wage_sd * log2_e;
    F harvest_shift = ALL(0.5f * p.harvest_sd * harvest_spread), wage_shift = ALL(0.5f * p.wage_sd * wage_spread);
    F year_share = ALL(1 / (float)run.per_year), output = ALL(run.season_output[season]), none = ALL(0), one = ALL(1);
    F own_loss = ALL(reach * run.own_loss[before]), wage_loss = ALL(reach * run.wage_loss[before]);
    F other_loss = ALL(reach * run.other_loss[before]), asset_loss = ALL(reach * run.asset_loss[before]);
    F price_gain = ALL(1 + reach * p.sales_gain * (run.price[before] - 1));
    for (int64_t j = 0; j < filled; j += 16) {
        F harvest = none, wage = none, bill = none, survive = one;
        I key = FIXED_COUNT_AT(key);
        for (int q = 0; q < quarters; q++) {
            F drawn[4], sine, cosine;
            units(key, _mm512_set1_epi64((quarter + q) | (quarter + q) << 32), QUARTER, 0, run.replicate, drawn, 4);
            F radius = radius_all(drawn[0]);
            sine_cosine_all(drawn[1], &sine, &cosine);
            M is_ill = LESS(drawn[2], ALL(p.illness)), is_lost = LESS(drawn[3], loss);
            F good = exp2_all(FMS(ALL(harvest_spread), MUL(radius, cosine), harvest_shift));
            F paid = MUL(exp2_all(FMS(ALL(wage_spread), MUL(radius, sine), wage_shift)), ALL(share));
            paid = _mm512_mask_mul_ps(paid, is_ill, paid, ALL(1 - p.illness_labour));
            harvest = FMA(good, ALL(share), harvest);
            wage = ADD(wage, paid);
            bill = _mm512_mask_add_ps(bill, is_ill, bill, bill_share);
            survive = _mm512_mask_mul_ps(survive, is_lost, survive, ALL(1 - p.asset_loss_share));
        }
        I planted = COUNT_AT(technique);
        M works = _mm512_test_epi32_mask(planted, planted), is_improved = _mm512_cmpeq_epi32_mask(planted, COUNT(2));
        M knows = _mm512_test_epi32_mask(COUNT_AT(knowledge), COUNT(-1));
        F hard = AT(severity), held = MUL(AT(assets), ALL(p.keep)), drought = AT(drought);
        F luck = MUL(harvest, drought), lost = MIN(MUL(own_loss, hard), one);
        F productivity = PICK(is_improved, PICK(knows, ALL(p.productivity_known), ALL(p.productivity_improved)), ALL(p.productivity_traditional));
        F exponent = PICK(is_improved, ALL(p.exponent_improved), ALL(p.exponent_traditional));
        F capital = MAX(ADD(held, FIXED_AT(land)), ALL(1e-30f));
        F own = _mm512_maskz_mul_ps(works, MUL(productivity, AT(skill)), exp2_all(MUL(exponent, log2_all(capital))));
        own = MUL(MUL(MUL(own, output), harvest), drought);
        own = MUL(MUL(own, SUB(one, lost)), MUL(AT(own_factor), price_gain));
        F used = _mm512_maskz_mov_ps(works, PICK(is_improved, ALL(p.labour_improved), ALL(p.labour_traditional)));
        F paid = MUL(MUL(MUL(AT(wages), SUB(one, used)), year_share), wage);
        paid = MUL(paid, SUB(one, MIN(MUL(wage_loss, hard), one)));
        F earned = ADD(own, paid);
        F got = FMA(MUL(FIXED_AT(other), year_share), SUB(one, MIN(MUL(other_loss, hard), one)), earned);
        got = ADD(got, AT(child_pay));
        PUT(income, got);
        PUT(earned, earned);
        PUT(crop, FMA(output, FNMA(luck, lost, luck), AT(crop)));
        PUT(own_year, ADD(AT(own_year), own));
        PUT(output_year, ADD(AT(output_year), own));
        PUT(wages_year, ADD(AT(wages_year), paid));
        F saved = AT(savings), limit = AT(credit_limit);
        F owed = MIN(MAX(saved, SUB(none, limit)), none), arrears = MIN(ADD(saved, limit), none);
        F after = ADD(FMA(MAX(saved, none), AT(return_save), MUL(owed, AT(return_borrow))), arrears);
        PUT(money, SUB(ADD(after, got), bill));
        PUT(assets, MUL(MUL(held, survive), SUB(one, MIN(MUL(asset_loss, hard), one))));
    }
}

static void strike_villages_all(int64_t year) {
    for (int64_t j = 0; j < filled; j += 16) {
        F drawn;
        units(FIXED_COUNT_AT(village), _mm512_set1_epi64(year | year << 32), DROUGHT, 0, run.replicate, &drawn, 1);
        PUT(drought, PICK(LESS(drawn, ALL(p.drought)), ALL(1 - p.drought_loss), ALL(1)));
    }
}

static void judge_all(int is_start) {
    strides s = strides_of(1, 1);
    for (int64_t j = 0; j < filled; j += 16) {
        F place_assets, place_money, across = AT(skill_place), along = FIXED_AT(other_place);
        I cell = locate_all(&tables.assets, AT(assets), &place_assets);
        I other = locate_all(&tables.money, AT(money), &place_money);
        I corner = plus(plus(times(FIXED_COUNT_AT(land_at), s.land), times(COUNT_AT(type_at), s.other)), plus(times(cell, s.row), other));
        I mind = mind_all(COUNT_AT(knowledge), COUNT_AT(confidence)), spell = COUNT_AT(spell);
        F now = one_among_types(tables.escape, &s, plus(corner, times(mind, s.mind)), place_assets, place_money, across, along);
        M is_above = _mm512_cmp_ps_mask(now, ALL(0.5f), _CMP_GE_OQ);
        M crosses = is_above & _mm512_cmple_epi32_mask(spell, COUNT(0));
        if (crosses) {
            mind = mind_all(FIXED_COUNT_AT(knowledge), FIXED_COUNT_AT(confidence));
            F before = one_among_types(tables.escape, &s, plus(corner, times(mind, s.mind)), place_assets, place_money, across, along);
            I would = _mm512_maskz_set1_epi32(LESS(before, ALL(0.5f)), 1);
            PUT_COUNT(is_from_threshold, _mm512_mask_mov_epi32(COUNT_AT(is_from_threshold), crosses, would));
        }
        I up = plus(_mm512_max_epi32(spell, COUNT(0)), COUNT(1)), down = _mm512_sub_epi32(_mm512_min_epi32(spell, COUNT(0)), COUNT(1));
        PUT_COUNT(spell, _mm512_mask_blend_epi32(is_above, down, up));
        if (is_start)
            for (int64_t k = j; k < j + 16; k++) {
                state.began_above[k] = is_above >> (k - j) & 1;
                state.start[k] = class_of(state.began_above[k], h.type_kind[k]);
            }
    }
}

static void village_sums(int64_t n, int64_t year, int o, const int64_t *amounts) { // at a horizon alone
    int64_t at = run.horizon[year];
    for (int64_t j = 0; j < n; j++)
        sums.village[((at * 2 + !h.is_eligible[j]) * N_OUTCOMES + o) * run.n_villages + h.village[j]] += amounts[j];
}

INLINE void note_fixed(int64_t j, F value) {
    D low = _mm512_mul_pd(_mm512_load_pd(weights + j), _mm512_cvtps_pd(_mm512_castps512_ps256(value)));
    D high = _mm512_mul_pd(_mm512_load_pd(weights + j + 8), _mm512_cvtps_pd(_mm512_extractf32x8_ps(value, 1)));
    _mm512_store_si512(amounts + j, _mm512_cvtpd_epi64(low));
    _mm512_store_si512(amounts + j + 8, _mm512_cvtpd_epi64(high));
}

INLINE void note_share(int64_t j, M who) {
    _mm512_store_si512(amounts + j, _mm512_maskz_loadu_epi64((__mmask8)who, persons + j));
    _mm512_store_si512(amounts + j + 8, _mm512_maskz_loadu_epi64((__mmask8)(who >> 8), persons + j + 8));
}

#define OUTCOME(o, how, value) \
    do { \
        pair sum = {_mm512_setzero_si512(), _mm512_setzero_si512()}; \
        for (int64_t j = 0; j < filled; j += 16) add_##how(&sum, j, value); \
        put_sum(&sum, sums.year + year * 2 * N_OUTCOMES + o, N_OUTCOMES); \
        if (run.horizon[year] >= 0) { \
            for (int64_t j = 0; j < filled; j += 16) note_##how(j, value); \
            village_sums(n, year, o, amounts); \
        } \
    } while (0)
#define REAL_OUTCOME(o, value) OUTCOME(o, fixed, value)
#define SHARE(o, who) OUTCOME(o, share, who)
#define IS(name) _mm512_test_epi32_mask(COUNT_AT(name), COUNT(-1))
#define MORE(name, than) _mm512_cmpgt_epi32_mask(COUNT_AT(name), COUNT(than))
#define EQUAL(name, to) _mm512_cmpeq_epi32_mask(COUNT_AT(name), COUNT(to))

static void record_flows_all(int64_t n, int64_t year) {
    F none = ALL(0), one = ALL(1);
#define GAP MAX(SUB(one, AT(consumption_year)), none)
#define SQUARE(x) MUL(x, x)
    REAL_OUTCOME(0, AT(income_year));
    REAL_OUTCOME(1, AT(consumption_year));
    REAL_OUTCOME(2, AT(assets));
    REAL_OUTCOME(3, MAX(AT(savings), none));
    REAL_OUTCOME(4, MAX(SUB(none, AT(savings)), none));
    SHARE(5, EQUAL(technique, 2));
    SHARE(6, IS(technique));
    SHARE(7, LESS(AT(consumption_year), one));
    REAL_OUTCOME(8, GAP);
    REAL_OUTCOME(9, SQUARE(GAP));
    SHARE(10, LESS(AT(income_year), one));
    SHARE(11, IS(is_destitute));
    SHARE(12, IS(knowledge));
    REAL_OUTCOME(13, SQUARE(AT(income_year)));
    REAL_OUTCOME(14, SQUARE(AT(consumption_year)));
    REAL_OUTCOME(15, SQUARE(AT(assets)));
    REAL_OUTCOME(16, AT(estate_left));
    REAL_OUTCOME(17, AT(own_year));
    REAL_OUTCOME(18, AT(output_year));
    REAL_OUTCOME(19, AT(wages_year));
    SHARE(20, IS(confidence));
    REAL_OUTCOME(21, AT(participation));
    REAL_OUTCOME(22, AT(pooled_year));
    SHARE(23, IS(is_enrolled));
#define CHILD_AGE SUB(AT(age), ALL(p.birth_age))
    SHARE(24, NOT_MORE(ALL(p.school_age), CHILD_AGE) & LESS(CHILD_AGE, ALL(p.school_end)));
    REAL_OUTCOME(25, AT(sold_year));
    REAL_OUTCOME(26, AT(lean));
    F months = ALL(12 / (float)run.per_year);
    REAL_OUTCOME(27, MUL(_mm512_cvtepi32_ps(COUNT_AT(hungry)), months));
    SHARE(28, IS(hungry));
}

static void record_statuses_all(int64_t n, int64_t year) {
    int32_t years = run.escape_years;
#define IS_UP MORE(spell, years)
#define ESCAPED (IS_UP & EQUAL(start, 1))
    SHARE(29, MORE(spell, 0));
    SHARE(30, ESCAPED);
    SHARE(31, ESCAPED & ~IS(is_from_threshold));
    SHARE(32, ESCAPED & IS(is_from_threshold));
    SHARE(33, IS(began_above) & _mm512_cmplt_epi32_mask(COUNT_AT(spell), COUNT(-years)));
    SHARE(34, IS_UP & EQUAL(start, 2));
}

static void learn_all(int64_t n, int64_t year) {
    for (int64_t start = 0, end; start < n; start = end) { // what the village shows
        int64_t of = 0, everyone = 0;
        for (end = start; end < n && h.village[end] == h.village[start]; end++) {
            everyone += persons[end];
            of += state.technique[end] == 2 ? persons[end] : 0;
        }
        float chance = p.corrected_by_neighbours * (float)((double)of / (double)everyone);
        for (int64_t j = start; j < end; j++) seen[j] = chance;
    }
    for (int64_t j = 0; j < filled; j += 16) {
        M confident = IS(confidence), tried = EQUAL(technique, 2), severe = tried & LESS(AT(crop), ALL(p.severe_loss));
        if (!(M)(~confident | severe)) continue;
        F drawn;
        units(FIXED_COUNT_AT(key), _mm512_set1_epi64(year | year << 32), BELIEF, 0, run.replicate, &drawn, 1);
        M broken = confident & severe & LESS(drawn, ALL(p.broken_by_loss));
        M corrected = ~confident & ~severe & LESS(drawn, PICK(tried, ALL(p.corrected_by_trying), _mm512_load_ps(seen + j)));
        PUT_COUNT(confidence, _mm512_maskz_set1_epi32((confident & ~broken) | corrected, 1));
    }
}

static void forget_all(int64_t year) {
    for (int64_t j = 0; j < filled; j += 16) {
        M idle = IS(knowledge) & ~EQUAL(technique, 2);
        if (!idle) continue;
        F drawn;
        units(FIXED_COUNT_AT(key), _mm512_set1_epi64(year | year << 32), YEAR, 0, run.replicate, &drawn, 1);
        M lost = idle & LESS(drawn, ALL(p.knowledge_loss));
        PUT_COUNT(knowledge, _mm512_mask_mov_epi32(COUNT_AT(knowledge), lost, COUNT(0)));
    }
}

// Shares of its village's pot that are paid out before and after each member; they stay while participation does.
static void divide_pots(int64_t n) {
    for (int64_t start = 0, end; start < n; start = end) {
        int64_t parts = 0, so_far = 0;
        for (end = start; end < n && h.village[end] == h.village[start]; end++) parts += fixed(h.weight[end], state.participation[end]);
        double before = 0;
        for (int64_t j = start; j < end; j++) {
            so_far += fixed(h.weight[j], state.participation[j]);
            share_before[j] = before;
            share_upto[j] = before = parts > 0 ? (double)so_far / (double)parts : 0;
        }
    }
}

// Eight members at a time. The ledger is whole numbers of 2^-20 lines, which doubles hold exactly.
static void share_income_all(int64_t n) {
    for (int64_t j = 0; j < filled; j += 16) {
        F paid = MUL(MUL(ALL(p.pool_share), AT(participation)), AT(earned));
        D low = _mm512_mul_pd(_mm512_load_pd(weights + j), _mm512_cvtps_pd(_mm512_castps512_ps256(paid)));
        D high = _mm512_mul_pd(_mm512_load_pd(weights + j + 8), _mm512_cvtps_pd(_mm512_extractf32x8_ps(paid, 1)));
        _mm512_store_pd(paid_in + j, _mm512_roundscale_pd(low, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
        _mm512_store_pd(paid_in + j + 8, _mm512_roundscale_pd(high, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    double unpaid = 0;
    for (int64_t start = 0, end; start < n; start = end) {
        int32_t village = h.village[start];
        for (end = start; end < n && h.village[end] == village; end++) {}
        D sum = _mm512_setzero_pd();
        for (int64_t j = start; j < end; j += 8) {
            __mmask8 here = end - j >= 8 ? 0xFF : (__mmask8)((1 << (end - j)) - 1);
            sum = _mm512_mask_add_pd(sum, here, sum, _mm512_loadu_pd(paid_in + j));
        }
        double pot = _mm512_reduce_add_pd(sum);
        if (share_upto[end - 1] <= 0) continue;
        D whole = _mm512_set1_pd(pot);
        for (int64_t j = start; j < end; j += 8) {
            __mmask8 here = end - j >= 8 ? 0xFF : (__mmask8)((1 << (end - j)) - 1);
            D upto = _mm512_floor_pd(_mm512_mul_pd(whole, _mm512_loadu_pd(share_upto + j)));
            D before = _mm512_floor_pd(_mm512_mul_pd(whole, _mm512_loadu_pd(share_before + j)));
            D net = _mm512_sub_pd(_mm512_sub_pd(upto, before), _mm512_loadu_pd(paid_in + j));
            D weight = _mm512_mask_loadu_pd(_mm512_set1_pd(1), here, weights + j);
            __m256 got = _mm512_cvtpd_ps(_mm512_div_pd(net, weight));
            _mm256_mask_storeu_ps(state.money + j, here, _mm256_add_ps(got, _mm256_maskz_loadu_ps(here, state.money + j)));
            _mm256_mask_storeu_ps(state.pooled_year + j, here, _mm256_add_ps(got, _mm256_maskz_loadu_ps(here, state.pooled_year + j)));
        }
        unpaid += fabs(floor(pot * share_upto[end - 1]) - pot);
    }
    sums.status[1] += (int64_t)unpaid;
}

static void feel_prices_all(void) {
    for (int64_t j = 0; j < filled; j += 16) {
        F level = log2_all(MAX(AT(consumption_last), ALL(0.05f)));
        PUT(food, MIN(MAX(FNMA(ALL(p.food_share_slope), level, ALL(p.food_share)), ALL(0)), ALL(1)));
    }
}

static void enrol_all(int64_t year, int64_t period) {
    for (int64_t j = 0; j < filled; j += 16) {
        F size = FIXED_AT(size), child_age = CHILD_AGE, none = ALL(0);
        M can_work = NOT_MORE(ALL(p.work_age), child_age) & LESS(child_age, ALL(18));
        M of_age = NOT_MORE(ALL(p.school_age), child_age) & LESS(child_age, ALL(p.school_end));
        M goes = 0;
        if (of_age) {
            I reach = COUNT_AT(reach), key = FIXED_COUNT_AT(key), generation = COUNT_AT(generation);
            F at_stake = real_by_list(run.at_stake + period * N_LISTS, reach), pupil = real_by_list(run.pupil_stake + period * N_LISTS, reach);
            F stake = DIV(FMA(at_stake, size, pupil), ALL(p.children));
            F cost = SUB(ADD(ALL(p.school_fee), _mm512_maskz_mov_ps(can_work, ALL(p.child_work))), stake);
            M is_free = NOT_MORE(cost, none), started = MORE(generation, 0);
            F first[2], later[2], passing[2], sine, cosine;
            units(key, generation, CHILD, 0, 0, first, 2);
            if (run.replicate && (M)(started & of_age)) {
                units(key, generation, CHILD, 0, run.replicate, later, 2);
                first[0] = PICK(started, later[0], first[0]);
                first[1] = PICK(started, later[1], first[1]);
            }
            units(key, _mm512_set1_epi64(year | year << 32), CHILD, 1, run.replicate, passing, 2);
            sine_cosine_all(first[1], &sine, &cosine);
            F radius = radius_all(first[0]), cosine_passing;
            sine_cosine_all(passing[1], &sine, &cosine_passing);
            F taste = FMA(radius, cosine, MUL(radius_all(passing[0]), cosine_passing));
            taste = MUL(taste, ALL(0.7071067811865476f));
            F worth = FMA(ALL(p.crra), log2_all(MAX(AT(consumption_last), ALL(0.05f))), log2_all(DIV(ALL(p.school_worth), cost)));
            worth = FMA(ALL(p.school_taste), taste, worth);
            goes = of_age & (is_free | NOT_MORE(none, worth));
        }
        PUT_COUNT(is_enrolled, _mm512_maskz_set1_epi32(goes, 1));
        F money = AT(money);
        PUT(money, _mm512_mask_sub_ps(money, goes, money, DIV(ALL(p.school_fee * p.children), size)));
        PUT(child_pay, _mm512_maskz_div_ps(can_work & ~goes, DIV(ALL(p.child_work * p.children), size), ALL((float)run.per_year)));
    }
}

INLINE I corner_all(const strides *s, int64_t period, int64_t j, I cell, I other) {
    I corner = times(by_list(run.slot + period * N_LISTS, COUNT_AT(reach)), s->slot);
    corner = plus(corner, times(FIXED_COUNT_AT(land_at), s->land));
    corner = plus(corner, times(mind_all(COUNT_AT(knowledge), COUNT_AT(confidence)), s->mind));
    corner = plus(corner, times(COUNT_AT(type_at), s->other));
    return plus(corner, plus(times(cell, s->row), plus(other, other)));
}

static void plant_all(int64_t period) {
    strides s = strides_of(2, 1);
    for (int64_t j = 0; j < filled; j += 16) {
        int32_t at[16] __attribute__((aligned(64)));
        F place_assets, place_money, traditional, improved;
        I cell = locate_all(&tables.assets, AT(assets), &place_assets);
        I other = locate_all(&tables.money, AT(money), &place_money);
        _mm512_store_si512(at, corner_all(&s, period, j, cell, other));
        two_among_types(tables.choice, &s, at, place_assets, place_money, AT(skill_place), FIXED_AT(other_place), &traditional, &improved);
        I best = _mm512_maskz_set1_epi32(LESS(ALL(0), traditional), 1);
        PUT_COUNT(technique, _mm512_mask_mov_epi32(best, LESS(MAX(traditional, ALL(0)), improved), COUNT(2)));
    }
}

// What is left of money after a change of assets: buying costs one line a line, selling returns less.
INLINE F after_change(F money, F change) { return FNMA(change, PICK(LESS(ALL(0), change), ALL(1), ALL(p.resale)), money); }

static void decide_all(int64_t period, int64_t season) {
    strides s = strides_of(2, 3);
    int32_t technique_stride = tables.n_assets * s.row;
    float price = run.season_price[season], per_year = (float)run.per_year;
    F rise = ALL(run.price[period] - 1), none = ALL(0), one = ALL(1), resale = ALL(p.resale);
    F season_outlay = ALL(run.season_outlay[season]), yearly = ALL(per_year);
    pair eaten_sum = {_mm512_setzero_si512(), _mm512_setzero_si512()}, income_sum = eaten_sum;
    int is_lean = season == run.lean_season;
    int32_t at[TILE] __attribute__((aligned(64)));
    float in_assets[TILE] __attribute__((aligned(64))), in_money[TILE] __attribute__((aligned(64)));
    for (int64_t start = 0; start < filled; start += TILE) {
        int64_t end = start + TILE < filled ? start + TILE : filled;
        for (int64_t j = start, k = 0; j < end; j += 16, k += 16) {
            F place_assets, place_money;
            I cell = locate_all(&tables.assets, AT(assets), &place_assets);
            I other = locate_all(&tables.money, AT(money), &place_money);
            _mm512_store_si512(at + k, plus(corner_all(&s, period, j, cell, other), times(COUNT_AT(technique), technique_stride)));
            _mm512_store_ps(in_assets + k, place_assets);
            _mm512_store_ps(in_money + k, place_money);
        }
        for (int64_t j = start, k = 0; j < end; j += 16, k += 16) {
            F held = AT(assets), at_hand = AT(money), limit = AT(credit_limit), kept, carried;
            I planted = COUNT_AT(technique);
            M works = _mm512_test_epi32_mask(planted, planted), is_improved = _mm512_cmpeq_epi32_mask(planted, COUNT(2));
            F dear = FMA(AT(food), rise, one);
            F need = DIV(MUL(ALL(p.need * price), dear), yearly), real = DIV(one, MUL(ALL(price), dear));
            two_among_types(tables.plans, &s, at + k, _mm512_load_ps(in_assets + k), _mm512_load_ps(in_money + k), AT(skill_place), FIXED_AT(other_place), &kept, &carried);
            F outlay = PICK(is_improved, PICK(IS(knowledge), ALL(p.outlay_known), ALL(p.outlay_improved)), ALL(p.outlay_traditional));
            outlay = _mm512_maskz_mov_ps(works, outlay);
            F help = _mm512_maskz_mov_ps(is_improved, AT(input_help));
            outlay = MUL(MUL(MAX(SUB(outlay, help), none), AT(outlay_keep)), season_outlay);
            kept = MAX(kept, none);
            carried = MAX(carried, SUB(none, limit));
            F change = SUB(kept, held);
            F lacking = MAX(SUB(need, after_change(SUB(SUB(at_hand, outlay), carried), change)), none);
            F cancelled = MIN(MAX(change, none), lacking);
            kept = SUB(kept, cancelled);
            lacking = SUB(lacking, cancelled);
            F drawn = MIN(lacking, MAX(carried, none));
            carried = SUB(carried, drawn);
            lacking = SUB(lacking, drawn);
            F worth = MUL(resale, kept), raised = MIN(lacking, worth);
            kept = _mm512_maskz_sub_ps(LESS(raised, worth), kept, DIV(raised, resale));
            lacking = SUB(lacking, raised);
            F borrowed = MIN(lacking, MAX(ADD(carried, limit), none));
            carried = SUB(carried, borrowed);
            lacking = SUB(lacking, borrowed);
            F rest = after_change(SUB(at_hand, carried), SUB(kept, held)), left = SUB(rest, outlay);
            M is_paid = NOT_MORE(outlay, none) | NOT_MORE(lacking, ALL(1e-6f)) | LESS(none, left);
            F eaten = PICK(is_paid, left, rest), arrears = MIN(eaten, none);
            eaten = SUB(eaten, arrears);
            F spent = _mm512_maskz_mov_ps(is_paid, outlay), net = SUB(AT(income), spent), eaten_real = MUL(eaten, real);
            F rate = MUL(eaten_real, yearly);
            PUT(assets, kept);
            PUT(savings, ADD(carried, arrears));
            PUT_COUNT(technique, _mm512_maskz_mov_epi32(is_paid, planted));
            PUT(income_year, ADD(AT(income_year), net));
            PUT(own_year, SUB(AT(own_year), spent));
            PUT(consumption_year, ADD(AT(consumption_year), eaten_real));
            PUT(sold_year, ADD(AT(sold_year), raised));
            if (is_lean) PUT(lean, rate);
            M is_short = LESS(eaten, SUB(need, ALL(1e-4f)));
            PUT_COUNT(is_destitute, _mm512_mask_mov_epi32(COUNT_AT(is_destitute), is_short, COUNT(1)));
            I hungry = COUNT_AT(hungry);
            PUT_COUNT(hungry, _mm512_mask_add_epi32(hungry, LESS(rate, ALL(p.food_line)), hungry, COUNT(1)));
            add_fixed(&eaten_sum, j, rate);
            add_fixed(&income_sum, j, MUL(net, yearly));
        }
    }
    put_sum(&eaten_sum, sums.period + period * 4, 2);
    put_sum(&income_sum, sums.period + period * 4 + 1, 2);
}

static void raise_children_all(int64_t year) {
    for (int64_t j = 0; j < filled; j += 16) {
        F child_age = CHILD_AGE, eaten = AT(consumption_year), school = AT(child_school);
        M small = NOT_MORE(ALL(0), child_age) & LESS(child_age, ALL(5));
        if (small && p.is_health != 0) {
            F fed = MIN(MAX(DIV(eaten, ALL(p.health_line)), ALL(1e-6f)), ALL(1));
            F more = DIV(exp2_all(MUL(ALL(p.health_curve), log2_all(fed))), ALL(5));
            F health = AT(child_health);
            PUT(child_health, _mm512_mask_add_ps(health, small, health, more));
        }
        PUT(child_school, _mm512_mask_add_ps(school, IS(is_enrolled), school, ALL(1 - run.school_closed[year])));
        M first = EQUAL(generation, 0), second = EQUAL(generation, 1);
        F lived = AT(lived), heir = AT(lived_heir);
        PUT(lived, _mm512_mask_add_ps(lived, first, lived, eaten));
        PUT(lived_heir, _mm512_mask_add_ps(heir, second, heir, eaten));
    }
}

INLINE M beyond(F x) { return ~_mm512_cmp_ps_mask(_mm512_abs_ps(x), ALL(1e6f), _CMP_LT_OQ); }

static void close_year_all(int64_t n, int64_t year) {
    int64_t at = run.horizon[year];
    if (at >= 0 || year == run.n_years - 1)
        for (int64_t j = 0; j < n; j++) {
            int32_t bin = bin_of(state.consumption_year[j]);
            if (at >= 0) {
                sums.histogram[(at * 2) * N_BINS + bin_of(state.income_year[j])] += persons[j];
                sums.histogram[(at * 2 + 1) * N_BINS + bin] += persons[j];
            }
            if (year == run.n_years - 1) sums.mobility[h.quintile[j] * N_BINS + bin] += persons[j];
        }
    F none = ALL(0);
    int64_t n_beyond = 0;
    for (int64_t j = 0; j < filled; j += 16) {
        F eaten = AT(consumption_year);
        M wrong = beyond(AT(income_year)) | beyond(eaten) | beyond(AT(assets));
        n_beyond += __builtin_popcount(wrong);
        _mm512_store_ps(state.twin + year * run.largest + j, eaten);
        PUT(consumption_last, eaten);
        PUT(income_year, none), PUT(consumption_year, none), PUT(estate_left, none), PUT(own_year, none);
        PUT(output_year, none), PUT(wages_year, none), PUT(pooled_year, none), PUT(sold_year, none);
        PUT_COUNT(is_destitute, COUNT(0)), PUT_COUNT(hungry, COUNT(0));
    }
    sums.status[0] += n_beyond;
}

static void live_block(int64_t first, int64_t n) {
    fill(first, n);
    int64_t n_periods = run.n_years * run.per_year, quarters = (int64_t)p.quarters_per_period, months = (int64_t)p.periods_per_quarter;
    begin(filled);
    if (p.pool_share > 0) divide_pots(n);
    for (int64_t t = 0; t <= n_periods; t++) {
        int64_t year = t / run.per_year, season = t % run.per_year, earned_at = t - 1 + run.per_year;
        if (season == 0 && t > 0) grow_older_all(n, year);
        if (t == 0) take_terms(filled, 0);
        int64_t quarter = earned_at * quarters / months, before = t > 0 ? t - 1 : 0;
        if (quarters == 1) earn_all(season, before, t > 0, quarter, 1, earned_at % months == 0);
        else earn_all(season, before, t > 0, quarter, (int)quarters, earned_at % months == 0);
        if (season == 0) {
            if (p.drought > 0) strike_villages_all(year);
            judge_all(t == 0);
            if (t > 0) record_statuses_all(n, year - 1);
            if (run.is_shy && t > 0) learn_all(n, year);
            if (p.knowledge_loss > 0 && t > 0) forget_all(year);
            memset(state.crop, 0, (size_t)filled * 4);
        }
        if (t == n_periods) break;
        if (run.is_new_terms[t]) take_terms(filled, t + 1);
        if (p.pool_share > 0) share_income_all(n);
        if (season == 0) {
            feel_prices_all();
            if (p.is_schooling != 0) enrol_all(year, t);
            plant_all(t);
        }
        decide_all(t, season);
        if (season == run.per_year - 1) {
            raise_children_all(year);
            record_flows_all(n, year);
            close_year_all(n, year);
        }
    }
    finish(n);
}
#endif
