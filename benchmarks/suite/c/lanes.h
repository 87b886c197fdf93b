// Sixteen numbers at a time with AVX-512, eight or four elsewhere: there the same operations are gcc's own vectors.
// Products and sums are fused where `fused` says so and nowhere else: this is compiled with -ffp-contract=off.
#pragma once
#include "arrays.h"
#include <math.h>

#if defined __AVX512DQ__
#define LANES 16
#elif defined __AVX2__
#define LANES 8
#else
#define LANES 4
#endif

enum { LOOKUP = 64 };

typedef float F __attribute__((vector_size(4 * LANES)));
typedef int32_t I __attribute__((vector_size(4 * LANES)));
typedef float loose_floats __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t loose_counts __attribute__((vector_size(4 * LANES), aligned(4)));

INLINE F all(float x) { return x - (F){0}; }
INLINE I count(int32_t x) { return x - (I){0}; }
INLINE F load(const float *from) { return *(const loose_floats *)from; }
INLINE I load_counts(const int32_t *from) { return *(const loose_counts *)from; }
INLINE void store(float *to, F x) { *(loose_floats *)to = x; }
INLINE void store_counts(int32_t *to, I x) { *(loose_counts *)to = x; }

#if LANES == 16
#include <immintrin.h>

typedef __mmask16 M;

INLINE F fused(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
INLINE F fms(F a, F b, F c) { return _mm512_fmsub_ps(a, b, c); }   // a b - c
INLINE F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); } // c - a b
INLINE F least(F a, F b) { return _mm512_min_ps(a, b); }
INLINE F most(F a, F b) { return _mm512_max_ps(a, b); }
INLINE F size_of(F x) { return _mm512_abs_ps(x); }
INLINE I least_count(I a, I b) { return (I)_mm512_min_epi32((__m512i)a, (__m512i)b); }
INLINE I most_count(I a, I b) { return (I)_mm512_max_epi32((__m512i)a, (__m512i)b); }
INLINE M less(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE M not_more(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
INLINE M same(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
INLINE M fewer(I a, I b) { return _mm512_cmplt_epi32_mask((__m512i)a, (__m512i)b); }
INLINE M as_many(I a, I b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
INLINE M both(M a, M b) { return a & b; }
INLINE M either(M a, M b) { return a | b; }
INLINE M no_lane(void) { return 0; }
INLINE M every_lane(void) { return 0xFFFF; }
INLINE int is_any(M a) { return a != 0; }
INLINE F pick(M mask, F yes, F no) { return _mm512_mask_blend_ps(mask, no, yes); }
INLINE I pick_count(M mask, I yes, I no) { return (I)_mm512_mask_blend_epi32(mask, (__m512i)no, (__m512i)yes); }
INLINE F whole(I x) { return _mm512_cvtepi32_ps((__m512i)x); }
INLINE I truncated(F x) { return (I)_mm512_cvttps_epi32(x); }
INLINE F nearest(F x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE F scaled(F x, F power) { return _mm512_scalef_ps(x, power); } // x 2^power
INLINE I shorts(const int16_t *from) { return (I)_mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)from)); }
INLINE I bytes(const uint8_t *from) { return (I)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)from)); }
INLINE F gather(const float *table, I at) { return _mm512_i32gather_ps((__m512i)at, table, 4); }
INLINE F next_lanes(F x, F after) { return (F)_mm512_alignr_epi32((__m512i)after, (__m512i)x, 1); } // from the second on

// Of 32 entries from `table` on; two vectors that one shuffle picks from.
INLINE F of_32(const float *table, I at) {
    return _mm512_permutex2var_ps(load(table), (__m512i)at, load(table + 16));
}

INLINE F of_48(const float *table, I at) {
    F high = _mm512_permutexvar_ps((__m512i)at, load(table + 32));
    return pick(fewer(at, count(32)), of_32(table, at), high);
}

INLINE F of_64(const float *table, I at) { return pick(fewer(at, count(32)), of_32(table, at), of_32(table + 32, at)); }

// Entries at `at` and right after.
INLINE void gather_pair(const float *table, I at, F *here, F *next) {
    F low = (F)_mm512_i32gather_pd(_mm512_castsi512_si256((__m512i)at), table, 4);
    F high = (F)_mm512_i32gather_pd(_mm512_extracti32x8_epi32((__m512i)at, 1), table, 4);
    I even = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30};
    *here = _mm512_permutex2var_ps(low, (__m512i)even, high);
    *next = _mm512_permutex2var_ps(low, (__m512i)(even + 1), high);
}

INLINE F four_quads(const float *a, const float *b, const float *c, const float *d) {
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(a));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(b), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(c), 2);
    return _mm512_insertf32x4(x, _mm_loadu_ps(d), 3);
}

// Of entries that are pairs: both numbers at `at`, and the first one right after.
INLINE void gather_quads(const float *pairs, const int32_t *at, F *first, F *second, F *next) {
#define QUADS(k) four_quads(pairs + 2 * at[k], pairs + 2 * at[k + 4], pairs + 2 * at[k + 8], pairs + 2 * at[k + 12])
    F q0 = QUADS(0), q1 = QUADS(1), q2 = QUADS(2), q3 = QUADS(3);
#undef QUADS
    F low = _mm512_unpacklo_ps(q0, q1), low_2 = _mm512_unpacklo_ps(q2, q3);
    F high = _mm512_unpackhi_ps(q0, q1), high_2 = _mm512_unpackhi_ps(q2, q3);
    *first = _mm512_shuffle_ps(low, low_2, 0x44);
    *second = _mm512_shuffle_ps(low, low_2, 0xEE);
    *next = _mm512_shuffle_ps(high, high_2, 0x44);
}

INLINE void store_pairs(float *to, F first, F second) {
    I low = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
    store(to, _mm512_permutex2var_ps(first, (__m512i)low, second));
    store(to + LANES, _mm512_permutex2var_ps(first, (__m512i)(low + 8), second));
}
#else
typedef I M;

#define EACH for (int n = 0; n < LANES; n++)
#if defined __FMA__ && LANES == 8
#include <immintrin.h>
INLINE F fused(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
INLINE F nearest(F x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE F gather(const float *table, I at) { return _mm256_i32gather_ps(table, (__m256i)at, 4); }
#else
INLINE F fused(F a, F b, F c) { EACH c[n] = fmaf(a[n], b[n], c[n]); return c; }
INLINE F nearest(F x) { EACH x[n] = rintf(x[n]); return x; }
INLINE F gather(const float *table, I at) { F to; EACH to[n] = table[at[n]]; return to; }
#endif
INLINE F fms(F a, F b, F c) { return fused(a, b, -c); }
INLINE F fnma(F a, F b, F c) { return fused(-a, b, c); }
INLINE F pick(M mask, F yes, F no) { return (F)((mask & (I)yes) | (~mask & (I)no)); }
INLINE I pick_count(M mask, I yes, I no) { return (mask & yes) | (~mask & no); }
INLINE F least(F a, F b) { return pick(a < b, a, b); }
INLINE F most(F a, F b) { return pick(a > b, a, b); }
INLINE F size_of(F x) { return (F)((I)x & 0x7FFFFFFF); }
INLINE I least_count(I a, I b) { return pick_count(a < b, a, b); }
INLINE I most_count(I a, I b) { return pick_count(a > b, a, b); }
INLINE M less(F a, F b) { return a < b; }
INLINE M not_more(F a, F b) { return a <= b; }
INLINE M same(F a, F b) { return a == b; }
INLINE M fewer(I a, I b) { return a < b; }
INLINE M as_many(I a, I b) { return a == b; }
INLINE M both(M a, M b) { return a & b; }
INLINE M either(M a, M b) { return a | b; }
INLINE M no_lane(void) { return count(0); }
INLINE M every_lane(void) { return count(-1); }
INLINE int is_any(M a) { int found = 0; EACH found |= a[n]; return found != 0; }
INLINE F whole(I x) { return __builtin_convertvector(x, F); }
INLINE I truncated(F x) { return __builtin_convertvector(x, I); }
INLINE F scaled(F x, F power) { return (F)((I)x + (truncated(power) << 23)); }
INLINE I shorts(const int16_t *from) { I to; EACH to[n] = from[n]; return to; }
INLINE I bytes(const uint8_t *from) { I to; EACH to[n] = from[n]; return to; }
INLINE F next_lanes(F x, F after) { F to = after; for (int n = 1; n < LANES; n++) to[n - 1] = x[n]; to[LANES - 1] = after[0]; return to; }
INLINE F of_32(const float *table, I at) { return gather(table, at); }
INLINE F of_48(const float *table, I at) { return gather(table, at); }
INLINE F of_64(const float *table, I at) { return gather(table, at); }
INLINE void gather_pair(const float *table, I at, F *here, F *next) {
    *here = gather(table, at), *next = gather(table + 1, at);
}
INLINE void gather_quads(const float *pairs, const int32_t *at, F *first, F *second, F *next) {
    EACH (*first)[n] = pairs[2 * at[n]], (*second)[n] = pairs[2 * at[n] + 1], (*next)[n] = pairs[2 * at[n] + 2];
}
INLINE void store_pairs(float *to, F first, F second) { EACH to[2 * n] = first[n], to[2 * n + 1] = second[n]; }
#undef EACH
#endif

// x / by for a number that stays the same: the quotient rounded as a division rounds it, without one (Markstein 1990).
typedef struct { F by, inverse; } divisor;

INLINE divisor divisor_of(float by) { return (divisor){all(by), all(1.0f / by)}; }

INLINE F divided(F x, const divisor *d) {
    F quotient = x * d->inverse;
    return fused(fnma(quotient, d->by, x), d->inverse, quotient);
}

INLINE F log2_all(F x) {
    I exponent = ((I)x - 0x3F3504F3) >> 23;
    F f = (F)((I)x - (exponent << 23)) - 1.0f, p = all(0.125835371f);
    p = fused(p, f, all(-0.20726894f)), p = fused(p, f, all(0.215715846f)), p = fused(p, f, all(-0.238944952f));
    p = fused(p, f, all(0.287916237f)), p = fused(p, f, all(-0.360703677f)), p = fused(p, f, all(0.480910643f));
    p = fused(p, f, all(-0.721347347f)), p = fused(p, f, all(1.442695f));
    return fused(f, p, whole(exponent));
}

INLINE F exp2_all(F x) {
    x = least(most(x, all(-126)), all(126));
    F power = nearest(x), r = x - power, p = all(0.000153458074f);
    p = fused(p, r, all(0.00133999312f)), p = fused(p, r, all(0.00961848897f)), p = fused(p, r, all(0.0555032878f));
    p = fused(p, r, all(0.240226469f)), p = fused(p, r, all(0.693147206f)), p = fused(p, r, all(1));
    return scaled(p, power);
}
