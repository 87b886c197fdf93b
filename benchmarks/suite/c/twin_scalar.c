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

static void live_block(int64_t first, int64_t n) {
#define FIELD(type, kind, name) h.name = all.name + first;
    HOUSEHOLDS(FIELD)
#undef FIELD
    int64_t n_periods = run.n_years * run.per_year, quarters = (int64_t)p.quarters_per_period, months = (int64_t)p.periods_per_quarter;
    begin(n);
    for (int64_t t = 0; t <= n_periods; t++) {
        int64_t year = t / run.per_year, season = t % run.per_year, earned_at = t - 1 + run.per_year;
        if (season == 0 && t > 0) {
            grow_older(n);
            succeed(n, year);
        }
        if (t == 0) take_terms(n, 0);
        for (int64_t q = 0; q < quarters; q++)
            draw_luck(n, earned_at * quarters / months + q, q == 0, earned_at % months == 0);
        earn(n, season, t > 0 ? t - 1 : 0, t > 0);
        if (season == 0) {
            if (p.drought > 0) strike_villages(n, year);
            judge(n, t == 0);
            if (t > 0) record_statuses(n, year - 1);
            if (run.is_shy && t > 0) learn(n, year);
            if (p.knowledge_loss > 0 && t > 0) forget(n, year);
            memset(state.crop, 0, (size_t)n * sizeof(REAL));
        }
        if (t == n_periods) break;
        if (run.is_new_terms[t]) take_terms(n, t + 1);
        if (p.pool_share > 0) share_income(n);
        if (season == 0) {
            feel_prices(n);
            if (p.is_schooling != 0) enrol(n, year, t);
            plant(n, t);
        }
        decide(n, t, season);
        add_period(n, t);
        if (season == run.per_year - 1) {
            raise_children(n, year);
            record_flows(n, year);
            close_year(n, year);
        }
    }
    finish(n);
}
