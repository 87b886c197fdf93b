// The planner of one type: kernels/{bellman,search,foresight,curves}.py in single precision and whole vectors.
//
// The algorithm, nodes, polynomials and order of sums are the kernel's. What the kernel keeps apart is one loop here: a
// search's plans are traced, valued and taken in one pass, years are mixed in one. Where chains of operations are long,
// a row of states takes them stage by stage, so that one vector waits while the next are at work. Look-ups that lie next
// to each other read a window of 32 nodes; what is read between nodes lies in pairs, four numbers to a load.
#include "planner.h"

static const float FLAT = 1e-12f, LOWEST = -1e20f, SMALLEST_SURPLUS = 0.05f, LEAST_GAIN = 1e-6f;
static const double VALUED_BETTER = 0.2, VALUED_FIRST = 0.05, VALUED_FINEST = 5e-7;

// Best nodes of assets to keep and their worth, and that of the nodes before and after.
typedef struct {
    float *worth, *before, *after;
    int32_t *node;
} kept_nodes;

static struct {
    float *best, *mixture, *bends, *mixed, *slope, *bent, *own; // looking ahead
    spread ahead, spent;                                        // what is kept is worth; what is spent
    float *worth, *rises, *saved, *curve, *kept, *carried;      // a search
    kept_nodes best_kept;
} desk;

static struct {
    divisor crra, one_less, periods;
    float slope; // of utility at the smallest surplus
} taste;

static void make_ready(void) {
    int states = type.n_states, choices = type.n_choices, spending = type.assets.n * type.spend.n;
    desk.best = floats(states), desk.mixture = floats(states), desk.bends = floats(states);
    desk.mixed = floats(states), desk.slope = floats(states), desk.bent = floats(states), desk.own = floats(choices);
    desk.ahead = (spread){floats(2 * choices), floats(choices)};
    desk.spent = (spread){floats(2 * spending), floats(spending)};
    desk.worth = floats(spending), desk.rises = floats(spending), desk.saved = floats(spending);
    desk.curve = floats(LOOKUP), desk.kept = floats(states), desk.carried = floats(states);
    desk.best_kept = (kept_nodes){floats(states), floats(states), floats(states), (int32_t *)floats(states)};
    taste.crra = divisor_of(-type.crra), taste.one_less = divisor_of(1.0f - type.crra);
    taste.periods = divisor_of((float)type.n_seasons);
    taste.slope = exp2_all(all(-type.crra * log2f(SMALLEST_SURPLUS)))[0];
}

// Curves

INLINE I place_of(const nodes *n, F x, F *place) {
    F above = log2_all(fused(most(x, all(0)), all(n->inverse_bend), all(1)));
    F aim = fused(least(x, all(0)), all(n->debt_scale), all(n->debt_cells));
    aim = fused(above, all(n->scale), aim) - 1e-3f;
    I last = count(n->last), cell = most_count(least_count(truncated(aim), last), count(0));
    cell = pick_count(both(not_more(of_64(n->at, cell + 1), x), fewer(cell, last)), cell + 1, cell);
    *place = (x - of_64(n->at, cell)) * of_64(n->inverse_width, cell);
    return cell;
}

INLINE F smaller(F one, F other) {
    return pick(less(all(0), one * other), pick(less(size_of(one), size_of(other)), one, other), all(0));
}

// Bends of the segments from each row to the next.
INLINE void bend_across(const sheet *s, const float *table, float *bends) {
    int n = s->n_columns, top = s->n_rows - 1;
    for (int c = 0; c < n; c += LANES) {
        F here = load(table + n + c), rise = here - load(table + c), before = all(0);
        for (int r = 0; r < top; r++) { // `before` is the second difference of row r, and zero in the first row
            F turn = all(0);
            if (r + 1 < top) {
                F next = load(table + (r + 2) * n + c), next_rise = next - here;
                turn = fms(next_rise, all(s->row_after[r + 1]), rise * s->row_before[r + 1]);
                here = next, rise = next_rise;
            }
            store(bends + r * n + c, r && r + 1 < top ? smaller(before, turn) * s->row_squared[r] : all(0));
            before = turn;
        }
        store(bends + top * n + c, all(0));
    }
}

INLINE F turn_along(const sheet *s, const float *row, int c) {
    F here = load(row + c);
    return fms(load(row + c + 1) - here, load(s->after + c), (here - load(row + c - 1)) * load(s->before + c));
}

INLINE void bend_along(const sheet *s, const float *row, float *bends) {
    F turn = turn_along(s, row, 0);
    for (int c = 0; c < s->n_columns; c += LANES) {
        F next = c + LANES < s->n_columns ? turn_along(s, row, c + LANES) : all(0);
        store(bends + c, smaller(turn, next_lanes(turn, next)) * load(s->squared + c));
        turn = next;
    }
}

static void lay(const sheet *s, const float *table, spread *to) {
    bend_across(s, table, to->bends);
    for (int r = 0; r < s->n_rows; r++) {
        const float *row = table + r * s->n_columns;
        float *pairs = to->pairs + 2 * r * s->n_columns;
        F turn = turn_along(s, row, 0);
        for (int c = 0; c < s->n_columns; c += LANES) {
            F next = c + LANES < s->n_columns ? turn_along(s, row, c + LANES) : all(0);
            store_pairs(pairs + 2 * c, load(row + c), smaller(turn, next_lanes(turn, next)) * load(s->squared + c));
            turn = next;
        }
    }
}

INLINE F between(const spread *table, int n_columns, I corner, F across, F place) {
    F near, near_side, near_right, far, far_side, far_right, bend, bend_right, aside = place - 1.0f;
    gather_quads(table->pairs, (const int32_t *)&corner, &near, &near_side, &near_right);
    gather_quads(table->pairs + 2 * n_columns, (const int32_t *)&corner, &far, &far_side, &far_right);
    gather_pair(table->bends, corner, &bend, &bend_right);
    F low = fused(place, fused(near_side, aside, near_right - near), near);
    F high = fused(place, fused(far_side, aside, far_right - far), far);
    bend = fused(place, bend_right - bend, bend);
    return fused(across, fused(bend, across - 1.0f, high - low), low);
}

// Utility

INLINE F wanted(F gain) { return exp2_all(divided(log2_all(most(gain, all(FLAT))), &taste.crra)); }

INLINE F utility_of_surplus(F log_surplus) {
    if (type.crra == 1.0f) return all(0.693147181f) * log_surplus;
    return divided(exp2_all(all(1.0f - type.crra) * log_surplus), &taste.one_less);
}

INLINE F utility_above(F surplus) {
    F level = utility_of_surplus(log2_all(most(surplus, all(SMALLEST_SURPLUS))));
    F hungry = least(surplus - SMALLEST_SURPLUS, all(0));
    return divided(fused(all(taste.slope), hungry, level), &taste.periods);
}

// Foresight

static void look_ahead(const float *value) {
    int n = type.money.n;
    bend_across(&type.states, value, desk.bends);
    F left = all(1.0f - type.loss), loss = all(type.loss);
    for (int i = 0; i < type.assets.n; i++) {
        int at = type.loss_cell[i] * n, other = type.loss_cell[type.assets.n + i] * n;
        float across = type.loss_place[i], other_across = type.loss_place[type.assets.n + i];
        float *mixed = desk.mixed + i * n, *slope = desk.slope + i * n, *bent = desk.bent + i * n;
        for (int m = 0; m < n; m += LANES) {
            F low = load(value + at + m), rise = load(value + at + n + m) - low;
            F same_assets = fused(all(across), fused(load(desk.bends + at + m), all(across - 1.0f), rise), low);
            low = load(value + other + m), rise = load(value + other + n + m) - low;
            F struck = fused(all(other_across), fused(load(desk.bends + other + m), all(other_across - 1.0f), rise), low);
            store(mixed + m, fused(left, same_assets, loss * struck));
        }
        bend_along(&type.states, mixed, bent);
        for (int m = 0; m < n; m += LANES) {
            F here = load(mixed + m);
            store(slope + m, load(mixed + m + 1) - here - load(bent + m));
        }
    }
}

INLINE F curve_at(const float *low, const float *slope, const float *bent, const int16_t *cells, F place) {
    I at = shorts(cells);
    int first = window(cells);
    if (first >= 0) {
        at -= first;
        return fused(place, fused(of_32(bent + first, at), place, of_32(slope + first, at)), of_32(low + first, at));
    }
    return fused(place, fused(of_64(bent, at), place, of_64(slope, at)), of_64(low, at));
}

static void expect_income(const int16_t *cells, const float *inside, int is_same, float *future) {
    int n_savings = type.savings.n;
    for (int i = 0; i < type.assets.n; i++) {
        int row = i * type.money.n, from = is_same ? 0 : i * type.n_luck * n_savings;
        for (int j = 0; j < n_savings; j += LANES) {
            F sum = all(0);
            for (int n = 0; n < type.n_luck; n++) {
                int at = from + n * n_savings + j;
                F value = curve_at(desk.mixed + row, desk.slope + row, desk.bent + row, cells + at, load(inside + at));
                sum = fused(all(type.share[n]), value, sum);
            }
            store(future + i * n_savings + j, sum);
        }
    }
}

static void foresee_heir(const float *redraw, float *future) {
    if (type.succession_hazard <= 0) return;
    int n = type.savings.n;
    for (int i = 0; i < type.assets.n; i++)
        for (int j = 0; j < n; j += LANES) {
            I at = load_counts(type.heir_cell + j);
            F low = of_64(future + i * n, at);
            store(desk.own + i * n + j, fused(load(type.heir_savings_place + j), of_64(future + i * n, at + 1) - low, low));
        }
    for (int i = 0; i < type.assets.n; i++) {
        const float *near = desk.own + type.heir_asset_cell[i] * n;
        F across = all(type.heir_asset_place[i]);
        for (int j = 0; j < n; j += LANES) {
            float *here = future + i * n + j;
            F low = load(near + j), heirs = fused(across, load(near + n + j) - low, low), own = load(here);
            store(here, fused(all(type.succession_hazard), heirs + load(redraw + i * n + j) - own, own));
        }
    }
}

INLINE F best_technique(const float *value, int n) {
    F last = most(load(value + type.n_states + n), load(value + 2 * type.n_states + n));
    return most(load(value + n), last);
}

static int64_t part_of(int known, int season, int technique) {
    return ((int64_t)known * type.n_seasons + season) * N_TECHNIQUES + technique;
}

static float *state_table(float *of, int known, int season, int technique) {
    return of + part_of(known, season, technique) * type.n_states;
}

static float *foresee(int season, int known) {
    int following = (season + 1) % type.n_seasons, is_planting = following == 0;
    float forgets = is_planting && known ? type.knowledge_loss : 0;
    float *future = plans.future + part_of(known, season, 0) * type.n_choices;
    if (is_planting) {
        const float *with = state_table(plans.value, known, 0, 0), *without = plans.value;
        for (int n = 0; n < type.n_states; n += LANES) {
            F best = best_technique(with, n);
            store(desk.best + n, best);
            store(desk.mixture + n, fused(all(forgets), best_technique(without, n) - best, best));
        }
    }
    for (int technique = 0; technique < N_TECHNIQUES; technique++) {
        if (!is_planting) look_ahead(state_table(plans.value, known, following, technique));
        else if (technique == 0) look_ahead(desk.mixture);
        else if (technique == 2 && forgets > 0) look_ahead(desk.best);
        int64_t part = part_of(technique == 2 ? known : 0, season, technique), at = part * type.n_luck * type.n_choices;
        float *to = future + technique * type.n_choices;
        expect_income(type.cells + at, type.inside + at, technique == 0, to);
        part = part_of(known, season, technique) * type.n_choices;
        foresee_heir(type.redraw + part, to);
        if (type.hazard > 0)
            for (int n = 0; n < type.n_choices; n += LANES) {
                F here = load(to + n);
                store(to + n, fused(all(type.hazard), load(type.end_future + part + n) - here, here));
            }
    }
    return future;
}

// Living by plans

// Money left once assets are bought at a line a line, or sold for less: one operation fused, as LLVM makes it.
INLINE F left_over(F money, F change) { return fnma(change, pick(less(all(0), change), all(1), all(type.resale)), money); }

// A cell of a table, by its corner, and the place in it.
typedef struct {
    F across, along;
    I corner;
} spot;

// Where plans lead: what is eaten is worth, and what is kept.
typedef struct {
    F flow;
    spot at;
} led;

INLINE led trace(float scale, float outlay, F held, F money, F keeps, F carries) {
    led to;
    I row = place_of(&type.assets, keeps, &to.at.across), column = place_of(&type.savings, carries, &to.at.along);
    F eaten = left_over(money - carries, keeps - held) - outlay;
    to.flow = utility_above(fms(all(scale), eaten, all(type.need)));
    to.at.corner = row * type.savings.n + column;
    return to;
}

INLINE void note(int64_t n, led to) {
    store(trail.flow + n, to.flow), store(trail.across + n, to.at.across), store(trail.along + n, to.at.along);
    store_counts(trail.corner + n, to.at.corner);
}

INLINE F led_worth(led to) {
    return fused(all(type.discount), between(&desk.ahead, type.savings.n, to.at.corner, to.at.across, to.at.along), to.flow);
}

static void trace_all(void) {
    for (int64_t part = 0; part < 2 * type.n_seasons * N_TECHNIQUES; part++) {
        int technique = (int)(part % N_TECHNIQUES), season = (int)(part / N_TECHNIQUES % type.n_seasons);
        float outlay = outlay_of(season, part >= type.n_seasons * N_TECHNIQUES, technique);
        float scale = (float)type.n_seasons / type.season_price[season];
        if (type.is_allowed[technique])
            for (int i = 0; i < type.assets.n; i++)
                for (int m = 0; m < type.money.n; m += LANES) {
                    int64_t n = part * type.n_states + i * type.money.n + m;
                    F held = all(type.assets.at[i]), money = load(type.money.at + m);
                    note(n, trace(scale, outlay, held, money, load(plans.assets + n), load(plans.savings + n)));
                }
    }
}

static void live_season(int season, int known, const float *future) {
    for (int technique = 0; technique < N_TECHNIQUES; technique++)
        if (type.is_allowed[technique]) {
            lay(&type.choices, future + technique * type.n_choices, &desk.ahead);
            int64_t first = part_of(known, season, technique) * type.n_states;
            for (int64_t n = first; n < first + type.n_states; n += LANES) {
                spot at = {load(trail.across + n), load(trail.along + n), load_counts(trail.corner + n)};
                led to = {load(trail.flow + n), at};
                store(plans.value + n, led_worth(to));
            }
        }
}

static void live_year(void) {
    for (int season = type.n_seasons - 1; season >= 0; season--)
        for (int known = 1; known >= 0; known--) live_season(season, known, foresee(season, known));
}

static void solve_square(double matrix[MIXED_YEARS][MIXED_YEARS], double *right, int n) {
    for (int k = 0; k < n; k++) {
        if (matrix[k][k] <= 0) matrix[k][k] = 1e300;
        for (int r = k + 1; r < n; r++) {
            double factor = matrix[r][k] / matrix[k][k];
            for (int c = k; c < n; c++) matrix[r][c] = fma(-factor, matrix[k][c], matrix[r][c]);
            right[r] = fma(-factor, right[k], right[r]);
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int c = k + 1; c < n; c++) right[k] = fma(-matrix[k][c], right[c], right[k]);
        right[k] /= matrix[k][k];
    }
}

// Where the last years led, from where the next begins, and at every so many states what tells how to mix them.
static struct { float *x, *gone[MIXED_YEARS + 1], *weights, *move, *moves[MIXED_YEARS]; } years;

static void ready_years(int n) {
    int n_samples = (n + SAMPLED - 1) / SAMPLED;
    if (years.x) return;
    years.x = floats(n);
    for (int a = 0; a <= MIXED_YEARS; a++) years.gone[a] = floats(n);
    years.weights = floats(n_samples), years.move = floats(n_samples);
    for (int a = 0; a < MIXED_YEARS; a++) years.moves[a] = floats(n_samples);
}

// The mean move of a year, and the sums that tell how to mix the last `n_mixed`: in the order of states, as the kernel.
INLINE double weigh_years(int n_samples, const int n_mixed, double matrix[MIXED_YEARS][MIXED_YEARS], double *right) {
    double total = 0, counted = 0, products[MIXED_YEARS][MIXED_YEARS] = {{0}}, rights[MIXED_YEARS] = {0};
    for (int at = 0; at < n_samples; at++) {
        float w = years.weights[at], move = years.move[at];
        total += fabsf(move) * w;
        counted += w > 0;
        for (int a = 0; a < n_mixed; a++) {
            float one = w * w * years.moves[a][at];
            rights[a] += one * move;
            for (int b = 0; b <= a; b++) products[a][b] += one * years.moves[b][at];
        }
    }
    for (int a = 0; a < n_mixed; a++) {
        right[a] = rights[a];
        products[a][a] *= 1.0 + 1e-6;
        for (int b = 0; b <= a; b++) matrix[a][b] = matrix[b][a] = products[a][b];
    }
    return total / counted;
}

static float *first_season(int part) { return state_table(plans.value, part / N_TECHNIQUES, 0, part % N_TECHNIQUES); }

// Note where a year led; `moves` are those of this year against the last.
static void note_year(int year, float *gone, float *moves) {
    int size = type.n_states, n = 6 * size;
    for (int part = 0; part < 6; part++) memcpy(gone + part * size, first_season(part), (size_t)size * 4);
    for (int at = 0, k = 0, part = 0; at < n; at += SAMPLED, k++) {
        part += at >= (part + 1) * size;
        float move = gone[at] - years.x[at], counts = type.is_allowed[part % N_TECHNIQUES] ? 1 : 0;
        years.weights[k] = counts / (1 + fabsf(gone[at]));
        if (year > 0) moves[k] = move - years.move[k];
        years.move[k] = move;
    }
}

INLINE void mix(int year, const int n_mixed, const double *right) {
    int size = type.n_states;
    const float *to[MIXED_YEARS], *from[MIXED_YEARS], *last = years.gone[year % (MIXED_YEARS + 1)];
    for (int a = 0; a < n_mixed; a++) {
        int led = year - (year - 1 - a + MIXED_YEARS) % MIXED_YEARS; // the latest year of which `moves` has place `a`
        to[a] = years.gone[led % (MIXED_YEARS + 1)], from[a] = years.gone[(led - 1) % (MIXED_YEARS + 1)];
    }
    for (int part = 0; part < 6; part++) {
        float *value = first_season(part);
        for (int s = 0; s < size; s += LANES) {
            int at = part * size + s;
            F x = load(last + at);
            for (int a = 0; a < n_mixed; a++) x = fnma(all((float)right[a]), load(to[a] + at) - load(from[a] + at), x);
            store(years.x + at, x), store(value + s, x);
        }
    }
}

static int value_plans(double tolerance, int max_years) {
    int size = type.n_states, n = 6 * size, n_samples = (n + SAMPLED - 1) / SAMPLED;
    double matrix[MIXED_YEARS][MIXED_YEARS], right[MIXED_YEARS];
    ready_years(n);
    for (int part = 0; part < 6; part++) memcpy(years.x + part * size, first_season(part), (size_t)size * 4);
    for (int year = 0; year < max_years; year++) {
        live_year();
        note_year(year, years.gone[year % (MIXED_YEARS + 1)], years.moves[(year + MIXED_YEARS - 1) % MIXED_YEARS]);
        int n_mixed = year < MIXED_YEARS ? year : MIXED_YEARS;
        int is_full = n_mixed == MIXED_YEARS; // a number that gcc knows
        double move = is_full ? weigh_years(n_samples, MIXED_YEARS, matrix, right) : weigh_years(n_samples, n_mixed, matrix, right);
        if (move < tolerance || year == max_years - 1) return year + 1;
        solve_square(matrix, right, n_mixed);
        if (is_full) mix(year, MIXED_YEARS, right);
        else mix(year, n_mixed, right);
    }
    return max_years;
}

// Search

typedef struct {
    float price, outlay, scale, worth; // worth of a line more in the next period
    float per_line[LOOKUP];
} season_terms;

INLINE void best_nodes(const int n, const float *flow, const float *future, float *best, int32_t *node) {
    F highest[LOOKUP / LANES], discount = all(type.discount);
    I chosen[LOOKUP / LANES];
    for (int v = 0; v < n; v++) {
        highest[v] = fused(discount, all(future[0]), load(flow + v * LANES));
        chosen[v] = count(0);
    }
    for (int j = 1; j < type.savings.n; j++) {
        F ahead = all(future[j]);
        I number = count(j);
        for (int v = 0; v < n; v++) {
            F score = fused(discount, ahead, load(flow + (j * n + v) * LANES));
            M is_better = less(highest[v], score);
            highest[v] = pick(is_better, score, highest[v]);
            chosen[v] = pick_count(is_better, number, chosen[v]);
        }
    }
    for (int v = 0; v < n; v++) store(best + v * LANES, highest[v]), store_counts(node + v * LANES, chosen[v]);
    M falls = no_lane();
    for (int v = 0; v < n; v++) falls = either(falls, fewer(chosen[v], load_counts(node + v * LANES - 1)));
    if (!is_any(falls)) return;
    for (int x = 0, start = 0; x < n * LANES; start = node[x++])
        if (node[x] < start) {
            best[x] = LOWEST;
            for (int j = start; j < type.savings.n; j++) {
                float score = fmaf(type.discount, future[j], flow[j * n * LANES + x]);
                if (score > best[x]) best[x] = score, node[x] = j;
            }
        }
}

static void weigh_cells(const season_terms *terms, const float *future, float *rise, float *curve, float *left, float *right) {
    int n = type.savings.n;
    bend_along(&type.choices, future, curve);
    for (int j = 0; j < n; j += LANES) store(rise + j, load(future + j + 1) - load(future + j));
    rise[n - 1] = 0;
    for (int j = 0; j < n; j += LANES) {
        F per_line = load(terms->per_line + j), rises = load(rise + j), bend = load(curve + j);
        store(left + j, wanted(per_line * (rises - bend)));
        store(right + j, wanted(per_line * (rises + bend)));
    }
}

// Look-ups on nodes of savings, of which there are fewer by default.
INLINE F of_savings(const int is_short, const float *table, I at) { return is_short ? of_48(table, at) : of_64(table, at); }

// What is spent and saved at nodes of spend, on the way to the best saving.
typedef struct {
    F height, own, start, width, base, rises, bend, has, span, per_line, place;
    M is_inside;
} purse;

typedef struct { const float *ahead, *rise, *curve, *left, *right; } cells_of_savings;

#define OF(table, at) of_savings(is_short, table, at)
INLINE void open_purse(
    purse *to, const int is_short, const season_terms *terms, const cells_of_savings *c, I at, F height, F spend
) {
    F scale = all(terms->scale), need = all(type.need), money = spend - terms->outlay, own = OF(type.savings.at, at);
    I before = most_count(at - 1, count(0));
    F surplus = most(fms(money - own, scale, need), all(SMALLEST_SURPLUS));
    M is_right = both(fewer(at, count(type.savings.last + 1)), less(OF(c->left, at), surplus));
    M is_left = both(fewer(count(0), at), less(surplus, OF(c->right, before)));
    I cell = pick_count(is_right, at, before);
    F start = OF(type.savings.at, cell), width = OF(type.savings.width, cell), span = width * scale;
    F first = OF(c->left, cell), second = OF(c->right, cell), has = fms(money - start, scale, need);
    F place = (has - first) / most(span + second - first, all(FLAT));
    *to = (purse){
        height, own, start, width, OF(c->ahead, cell), OF(c->rise, cell), OF(c->curve, cell), has, span,
        terms->worth / width, least(most(place, all(0)), all(1)), either(is_right, is_left),
    };
}
#undef OF

INLINE void step_purse(purse *of) {
    F slope = of->per_line * fused(of->bend, fms(all(2), of->place, all(1)), of->rises);
    F gain = most(slope, all(FLAT)), asked = wanted(gain);
    F steeper = fnma(asked / (type.crra * gain), 2.0f * of->per_line * of->bend, of->span);
    F place = of->place + (fnma(of->place, of->span, of->has) - asked) / most(steeper, all(FLAT));
    of->place = least(most(place, all(0)), all(1));
}

INLINE void close_purse(const purse *of, float *worth, float *saved) {
    F left = fnma(of->place, of->span, of->has), lowest = all(SMALLEST_SURPLUS);
    F level = utility_of_surplus(log2_all(most(left, lowest))) * (1.0f / (float)type.n_seasons);
    F ahead = fused(of->place, fused(of->bend, of->place - 1.0f, of->rises), of->base);
    F score = fused(all(type.discount), ahead, level);
    M is_better = both(both(of->is_inside, less(lowest, left)), less(of->height, score));
    store(worth, pick(is_better, score, of->height));
    store(saved, pick(is_better, fused(of->place, of->width, of->start), of->own));
}

// Stages one after another, so that one vector waits for its divisions while the next ones are at work.
INLINE void save_between(
    const int is_short, const season_terms *terms, const cells_of_savings *cells, const float *best, const int32_t *node,
    float *worth, float *saved
) {
    purse purses[LOOKUP / LANES];
    int n = type.spend.n / LANES;
    for (int v = 0; v < n; v++) {
        int x = v * LANES;
        open_purse(purses + v, is_short, terms, cells, load_counts(node + x), load(best + x), load(type.spend.at + x));
    }
    for (int v = 0; v < n; v++) step_purse(purses + v);
    for (int v = 0; v < n; v++) step_purse(purses + v);
    for (int v = 0; v < n; v++) close_purse(purses + v, worth + v * LANES, saved + v * LANES);
}

static void save_all(const season_terms *terms, const float *flow, const float *future) {
    static float tables[6][LOOKUP + 2 * LANES] __attribute__((aligned(64)));
    static int32_t nodes_found[LOOKUP + 2 * LANES];
    float *rise = tables[0], *left = tables[1], *right = tables[2], *best = tables[3], *ahead = tables[4];
    int32_t *node = nodes_found + LANES;
    int n_spend = type.spend.n, n_savings = type.savings.n;
    for (int kept = 0; kept < type.assets.n; kept++) {
        const float *row = future + kept * n_savings;
        memcpy(ahead, row, (size_t)n_savings * 4);
        weigh_cells(terms, row, rise, desk.curve, left, right);
        if (n_spend == 4 * LANES) best_nodes(4, flow, row, best, node); // known, they stay in registers
        else best_nodes(n_spend / LANES, flow, row, best, node);
        float *worth = desk.worth + kept * n_spend, *saved = desk.saved + kept * n_spend;
        cells_of_savings cells = {ahead, rise, desk.curve, left, right};
        if (n_savings <= 48) save_between(1, terms, &cells, best, node, worth, saved);
        else save_between(0, terms, &cells, best, node, worth, saved);
    }
    for (int n = 0; n < type.assets.n * n_spend; n += LANES)
        store(desk.rises + n, load(desk.worth + n + 1) - load(desk.worth + n));
    lay(&type.spending, desk.worth, &desk.spent);
}

INLINE void best_kept_nodes(const int n, int i, const kept_nodes *to) {
    F highest[LOOKUP / LANES], last[LOOKUP / LANES], before[LOOKUP / LANES], after[LOOKUP / LANES];
    I chosen[LOOKUP / LANES];
    M was_better[LOOKUP / LANES];
    int n_assets = type.assets.n, n_spend = type.spend.n, start = i * n * LANES;
    const float *worth = desk.worth, *rises = desk.rises, *place = type.trade_place + (int64_t)start * n_assets;
    const uint8_t *within = type.trade_within + (int64_t)start * n_assets;
    const int16_t *window = type.trade_first + (int64_t)i * n * n_assets;
    for (int v = 0; v < n; v++) {
        highest[v] = last[v] = before[v] = after[v] = all(LOWEST);
        chosen[v] = count(0), was_better[v] = no_lane();
    }
    for (int kept = 0; kept < n_assets; kept++) {
        for (int v = 0; v < n; v++) {
            int first = window[v];
            I cell = bytes(within + v * LANES);
            F low, rise;
            if (first >= 0) low = of_32(worth + first, cell), rise = of_32(rises + first, cell);
            else low = of_64(worth, cell), rise = of_64(rises, cell);
            F got = fused(load(place + v * LANES), rise, low);
            M is_better = less(highest[v], got);
            after[v] = pick(was_better[v], got, after[v]);
            before[v] = pick(is_better, last[v], before[v]);
            highest[v] = pick(is_better, got, highest[v]);
            chosen[v] = pick_count(is_better, count(kept), chosen[v]);
            last[v] = got, was_better[v] = is_better;
        }
        worth += n_spend, rises += n_spend, place += n * LANES, within += n * LANES, window += n;
    }
    for (int v = 0; v < n; v++) {
        int at = start + v * LANES;
        store(to->worth + at, highest[v]), store(to->before + at, before[v]), store(to->after + at, after[v]);
        store_counts(to->node + at, chosen[v]);
    }
}

// Where among assets and spend keeping `kept` leads.
INLINE spot spot_of(F held, F money, I row, F across, F kept) {
    spot to = {.across = across};
    to.corner = row * type.spend.n + place_of(&type.spend, left_over(money, kept - held), &to.along);
    return to;
}

INLINE F worth_at(const spot *at) { return between(&desk.spent, type.spend.n, at->corner, at->across, at->along); }

INLINE F vertex(F x0, F x1, F x2, F y0, F y1, F y2) {
    F s0 = (y1 - y0) / (x1 - x0), s1 = (y2 - y1) / (x2 - x1), bend = (s1 - s0) / (x2 - x0);
    F left = 0.5f * (x0 + x1), middle = pick(less(x2 - x1, x1 - x0), left, 0.5f * (x1 + x2));
    F top = left - 0.5f * s0 / bend, margin = 0.02f * (x2 - x0);
    F inside = least(most(top, x0 + margin), x2 - margin), x = pick(not_more(all(-FLAT), bend), middle, inside);
    return pick(same(x, x1), left, x);
}

// States on their way to the best assets to keep.
typedef struct {
    F best, mid, low, high, wide, next_wide, x, y, x2, a0, a1, a2, b0, b1, b2;
    I below, above;
    M is_first, is_top;
    spot at, other;
} quest;

// Both segments beside the best node, and where their middles lead.
INLINE void begin_quest(quest *q, F held, F money, I node, F best) {
    const nodes *assets = &type.assets;
    I last = count(assets->last), below = most_count(node - 1, count(0)), above = least_count(node, last);
    F low = of_64(assets->at, below), mid = of_64(assets->at, node), high = of_64(assets->at, above + 1), half = all(0.5f);
    q->is_first = as_many(node, count(0)), q->is_top = fewer(last, node);
    q->wide = of_64(assets->inverse_width, below), q->next_wide = of_64(assets->inverse_width, above);
    q->low = pick(q->is_first, mid + mid - high, low), q->high = pick(q->is_top, mid + mid - low, high);
    q->best = best, q->mid = mid, q->below = below, q->above = above;
    q->x = 0.5f * (q->low + mid), q->x2 = 0.5f * (mid + q->high);
    q->at = spot_of(held, money, below, half, q->x);
    q->other = spot_of(held, money, above, half, q->x2);
}

// The best of five places, and those beside it.
INLINE void choose_segment(quest *q, F before, F after) {
    F best = q->best, mid = q->mid, x0 = q->x, x2 = q->x2;
    F y0 = pick(q->is_first, all(LOWEST), worth_at(&q->at)), y2 = pick(q->is_top, all(LOWEST), worth_at(&q->other));
    M is_left = both(less(best, y0), not_more(y2, y0)), is_right = both(less(best, y2), less(y0, y2));
    F far = pick(is_left, before, after);
    q->a1 = pick(is_left, x0, pick(is_right, x2, mid)), q->b1 = pick(is_left, y0, pick(is_right, y2, best));
    q->a0 = pick(is_left, q->low, pick(is_right, mid, x0)), q->b0 = pick(is_left, far, pick(is_right, best, y0));
    q->a2 = pick(is_left, mid, pick(is_right, q->high, x2)), q->b2 = pick(is_left, best, pick(is_right, far, y2));
}

INLINE void look_at_vertex(quest *q, F held, F money) {
    q->x = vertex(q->a0, q->a1, q->a2, q->b0, q->b1, q->b2);
    M is_below = less(q->x, q->mid);
    F across = (q->x - pick(is_below, q->low, q->mid)) * pick(is_below, q->wide, q->next_wide);
    q->at = spot_of(held, money, pick_count(is_below, q->below, q->above), across, q->x);
}

INLINE void narrow(quest *q) {
    F x = q->x, y = worth_at(&q->at);
    M is_left = less(x, q->a1), is_better = less(q->b1, y);
    F a0 = pick(is_left, pick(is_better, q->a0, x), pick(is_better, q->a1, q->a0));
    F b0 = pick(is_left, pick(is_better, q->b0, y), pick(is_better, q->b1, q->b0));
    q->a2 = pick(is_left, pick(is_better, q->a1, q->a2), pick(is_better, q->a2, x));
    q->b2 = pick(is_left, pick(is_better, q->b1, q->b2), pick(is_better, q->b2, y));
    q->a0 = a0, q->b0 = b0, q->a1 = pick(is_better, x, q->a1), q->b1 = pick(is_better, y, q->b1);
}

INLINE F saved_at(F held, F money, I node, F keeps, float outlay) {
    F place, left = left_over(money, keeps - held);
    I cell = place_of(&type.spend, left, &place), row = least_count(node, count(type.assets.last));
    place = least(most(place, all(0)), all(1));
    row = pick_count(less(keeps, of_64(type.assets.at, row)), most_count(row - 1, count(0)), row);
    F across = (keeps - of_64(type.assets.at, row)) * of_64(type.assets.inverse_width, row);
    F near, near_next, far, far_next;
    I at = row * type.spend.n + cell;
    gather_pair(desk.saved, at, &near, &near_next);
    gather_pair(desk.saved, at + type.spend.n, &far, &far_next);
    near = fused(place, near_next - near, near), far = fused(place, far_next - far, far);
    F wish = fused(across, far - near, near);
    return most(least(wish, left - outlay), all(type.savings.at[0]));
}

// Take plans where they are worth more, or all where that `is_free`; returns relative gains.
INLINE F take(int is_free, int64_t n, led to, F keeps, F carries) {
    F worth = led_worth(to), value = load(plans.value + n), size = 1.0f + size_of(worth), more = worth - value;
    M is_taken = is_free ? every_lane() : less(LEAST_GAIN * size, more);
    if (!is_free) {
        worth = pick(is_taken, worth, value);
        keeps = pick(is_taken, keeps, load(plans.assets + n)), carries = pick(is_taken, carries, load(plans.savings + n));
        to.flow = pick(is_taken, to.flow, load(trail.flow + n));
        to.at.across = pick(is_taken, to.at.across, load(trail.across + n));
        to.at.along = pick(is_taken, to.at.along, load(trail.along + n));
        to.at.corner = pick_count(is_taken, to.at.corner, load_counts(trail.corner + n));
    }
    store(plans.value + n, worth), store(plans.assets + n, keeps), store(plans.savings + n, carries);
    note(n, to);
    return pick(is_taken, size_of(more) / size, all(0));
}

INLINE F money_at(int m) { return load(type.money.at + m); }

// Pass after pass over all states: what one pass reads stays in the fastest memory.
static double search_assets(const season_terms *terms, int is_free, int64_t first) {
    static quest quests[LOOKUP / LANES];
    static led leds[LOOKUP / LANES];
    kept_nodes *best = &desk.best_kept;
    double gains[LANES] = {0}, gain = 0;
    int n = type.money.n, n_assets = type.assets.n;
    for (int i = 0; i < n_assets; i++)
        if (n == 4 * LANES) best_kept_nodes(4, i, best);
        else best_kept_nodes(n / LANES, i, best);
#define ROW for (int m = 0; m < n; m += LANES)
    for (int i = 0, at = 0; i < n_assets; i++, at += n) {
        F held = all(type.assets.at[i]);
        ROW begin_quest(quests + m / LANES, held, money_at(m), load_counts(best->node + at + m), load(best->worth + at + m));
        ROW choose_segment(quests + m / LANES, load(best->before + at + m), load(best->after + at + m));
        for (int look = 0; look < 2; look++) {
            ROW look_at_vertex(quests + m / LANES, held, money_at(m));
            ROW narrow(quests + m / LANES);
        }
        ROW store(desk.kept + at + m, quests[m / LANES].a1);
    }
    for (int i = 0, at = 0; i < n_assets; i++, at += n) {
        F held = all(type.assets.at[i]);
        const float *kept = desk.kept + at;
        float *carried = desk.carried + at;
        ROW store(carried + m, saved_at(held, money_at(m), load_counts(best->node + at + m), load(kept + m), terms->outlay));
        ROW leds[m / LANES] = trace(terms->scale, terms->outlay, held, money_at(m), load(kept + m), load(carried + m));
        ROW {
            F got = take(is_free, first + at + m, leds[m / LANES], load(kept + m), load(carried + m));
            for (int l = 0; l < LANES; l++) gains[l] += got[l];
        }
    }
#undef ROW
    for (int l = 0; l < LANES; l++) gain += gains[l];
    return gain;
}

static double search(int season, int is_free) {
    double gain = 0;
    int n_states = 0;
    season_terms terms = {.price = type.season_price[season]};
    terms.scale = (float)type.n_seasons / terms.price, terms.worth = type.discount * terms.price;
    for (int j = 0; j < type.savings.n; j++) terms.per_line[j] = terms.worth * type.savings.inverse_width[j];
    for (int known = 0; known < 2; known++)
        for (int technique = 0; technique < N_TECHNIQUES; technique++) {
            int64_t part = part_of(known, season, technique);
            if (!type.is_allowed[technique]) {
                for (int n = 0; n < type.n_states; n++) plans.value[part * type.n_states + n] = -1e12f;
                continue;
            }
            const float *future = plans.future + part * type.n_choices;
            terms.outlay = outlay_of(season, known, technique);
            save_all(&terms, type.flow + part * type.savings.n * type.spend.n, future);
            lay(&type.choices, future, &desk.ahead);
            gain += search_assets(&terms, is_free, part * type.n_states);
            n_states += type.n_states;
        }
    return gain / n_states;
}

static struct { int is_settled, searches, years; double gain; } told;

static void solve(void) {
    int is_new = type.expected_gain >= 1, years_lived = 0, searches = 0;
    double gain = type.expected_gain;
    told.is_settled = 0;
    if (!is_new) trace_all();
    while (years_lived < type.max_years && !told.is_settled) {
        if (!is_new && type.hazard < 1) {
            double exactly = fmax(fmax(VALUED_BETTER * type.tolerance, VALUED_FIRST * gain), VALUED_FINEST);
            years_lived += value_plans(exactly, type.max_years - years_lived);
        }
        gain = 0;
        for (int season = type.n_seasons - 1; season >= 0; season--) {
            for (int known = 1; known >= 0; known--) {
                float *future = foresee(season, known);
                if (!is_new) live_season(season, known, future);
            }
            gain += search(season, searches < FREE_SEARCHES);
        }
        years_lived++, searches++;
        is_new = 0;
        told.is_settled = gain < type.tolerance || type.hazard >= 1;
    }
    told.searches = searches, told.years = years_lived, told.gain = gain;
}

// Processor time of this process.
static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void write_plans(const char *path) {
    FILE *out = fopen(path, "wb");
    if (!out) fail("cannot write", path);
    size_t n = (size_t)find("solution.value")->count;
    double head[3] = {told.searches, told.gain, told.years};
    fwrite(head, 8, 3, out);
    fwrite(plans.value, 4, n, out), fwrite(plans.assets, 4, n, out), fwrite(plans.savings, 4, n, out);
    if (fclose(out)) fail("cannot write", path);
}

enum { YEARS_TIMED = 8 };

// Solve once to warm up and then as often as told; print the seconds of a solve, a valued year and the first search.
int main(int n_words, char **words) {
    if (n_words < 4) fail("usage: planner TYPE PLANS REPEATS; got too few words by", "caller");
    open_arrays(words[1]);
    read_type();
    make_ready();
    int repeats = atoi(words[3]), max_years = type.max_years;
    for (int repeat = 0; repeat <= repeats; repeat++) {
        double times[6];
        begin();
        times[0] = seconds();
        solve();
        times[1] = seconds();
        if (repeat == repeats) write_plans(words[2]);
        trace_all();
        for (int k = 0; k < 2; k++) {
            times[2 + k] = -seconds();
            value_plans(0, k ? 1 + YEARS_TIMED : 1);
            times[2 + k] += seconds();
        }
        begin();
        type.max_years = 1;
        times[4] = seconds();
        solve();
        times[5] = seconds();
        type.max_years = max_years;
        double year = (times[3] - times[2]) / YEARS_TIMED;
        if (repeat) printf("%.9f %.9f %.9f\n", times[1] - times[0], year, times[5] - times[4]);
    }
    return 0;
}
