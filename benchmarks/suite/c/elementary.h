// Powers, logarithms and angles in single precision: the polynomials of kernels/elementary.py.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#define LOG2_TERMS(X, f) X(X(X(X(X(X(X(X(0.125835371f, f, -0.20726894f), f, 0.215715846f), f, -0.238944952f), f, 0.287916237f), f, -0.360703677f), f, 0.480910643f), f, -0.721347347f), f, 1.442695f)
#define EXP2_TERMS(X, r) X(X(X(X(X(X(0.000153458074f, r, 0.00133999312f), r, 0.00961848897f), r, 0.0555032878f), r, 0.240226469f), r, 0.693147206f), r, 1.0f)
#define SINE_TERMS(X, v) X(X(X(-75.3935628f, v, 81.5923536f), v, -41.3416615f), v, 6.28318529f)
#define COSINE_TERMS(X, v) X(X(X(X(59.2028005f, v, -85.4422981f), v, 64.9393107f), v, -19.7392086f), v, 1.0f)
#define STEP(p, x, c) fmaf(p, x, c)

static inline __attribute__((always_inline)) float log2_single(float x) {
    int32_t bits, whole;
    float f;
    memcpy(&bits, &x, 4);
    whole = (bits - 0x3F3504F3) >> 23;
    bits -= (int32_t)((uint32_t)whole << 23);
    memcpy(&f, &bits, 4);
    f -= 1.0f;
    return fmaf(f, LOG2_TERMS(STEP, f), (float)whole);
}

static inline __attribute__((always_inline)) float exp2_single(float x) {
    x = x < -126.0f ? -126.0f : x > 126.0f ? 126.0f : x;
    float whole = rintf(x), r = x - whole, p = EXP2_TERMS(STEP, r);
    int32_t bits;
    memcpy(&bits, &p, 4);
    bits += (int32_t)((uint32_t)(int32_t)whole << 23);
    memcpy(&p, &bits, 4);
    return p;
}

static inline __attribute__((always_inline)) void sine_cosine_single(float turns, float *sine, float *cosine) {
    int32_t quarter = (int32_t)(turns * 4.0f + 0.5f);
    float r = turns - (float)quarter * 0.25f, v = r * r, s = SINE_TERMS(STEP, v) * r, c = COSINE_TERMS(STEP, v);
    float a = quarter & 1 ? c : s, b = quarter & 1 ? s : c;
    *sine = quarter & 2 ? -a : a;
    *cosine = (quarter + 1) & 2 ? -b : b;
}
