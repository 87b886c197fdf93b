// The whole life of blocks of households in double precision with the mathematical library, one household at a time.
#define REAL double
#define LOG2 log2
#define EXP2 exp2
#define SQRT sqrt
#define RINT rint
#define SINE_COSINE sine_cosine
#define _GNU_SOURCE
#include <math.h>
static inline void sine_cosine(double turns, double *sine, double *cosine) { sincos(6.283185307179586477 * turns, sine, cosine); }
#include "life.h"

static void make_ready(void) { read_life(run.largest); }
static void live_block(int64_t first, int64_t n) { live_block_plainly(first, n); }
