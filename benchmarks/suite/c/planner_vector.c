// The planner of one type: kernels/{bellman,search,foresight,curves}.py in single precision, sixteen numbers at a time.
//
// The algorithm, nodes, polynomials and order of sums are the kernel's. What the kernel keeps apart is one loop here:
// a search's plans are traced, valued and taken as they are found, years are mixed in one pass. Look-ups that lie next
// to each other read a window of 32 nodes; what is read between nodes lies in pairs, four numbers to a load.
#include "planner.h"

static const float FLAT = 1e-12f, LOWEST = -1e20f, SMALLEST_SURPLUS = 0.05f, LEAST_GAIN = 1e-6f;
static const double VALUED_BETTER = 0.2, VALUED_FIRST = 0.05, VALUED_FINEST = 5e-7;

static struct {
    float *best, *mixture, *bends, *mixed, *slope, *bent, *own; // looking ahead
    spread ahead, spent;                                        // what is kept is worth; what is spent
    float *worth, *rises, *saved, *curve, *score;               // a search
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
    desk.curve = floats(LOOKUP), desk.score = floats(states);
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
    I above = corner + n_columns;
    F near, near_side, near_right, far, far_side, far_right, bend, bend_right, aside = place - 1.0f;
    gather_quads(table->pairs, (const int32_t *)&corner, &near, &near_side, &near_right);
    gather_quads(table->pairs, (const int32_t *)&above, &far, &far_side, &far_right);
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

typedef struct {
    F flow, across, along;
    I corner;
} led;

INLINE led trace(float scale, float outlay, F held, F money, F keeps, F carries) {
    led to;
    I row = place_of(&type.assets, keeps, &to.across), column = place_of(&type.savings, carries, &to.along);
    F eaten = left_over(money - carries, keeps - held) - outlay;
    to.flow = utility_above(fms(all(scale), eaten, all(type.need)));
    to.corner = row * type.savings.n + column;
    return to;
}

INLINE void note(int64_t n, led to) {
    store(trail.flow + n, to.flow), store(trail.across + n, to.across), store(trail.along + n, to.along);
    store_counts(trail.corner + n, to.corner);
}

INLINE F led_worth(led to) {
    return fused(all(type.discount), between(&desk.ahead, type.savings.n, to.corner, to.across, to.along), to.flow);
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
                led to = {load(trail.flow + n), load(trail.across + n), load(trail.along + n), load_counts(trail.corner + n)};
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

static struct { float *x, *gone, *move, *weights, *before, *before_move, *moves[MIXED_YEARS], *moved_from[MIXED_YEARS]; } years;

static void ready_years(int n) {
    if (!years.x) {
        years.x = floats(n), years.gone = floats(n), years.move = floats(n), years.weights = floats(n);
        years.before = floats(n), years.before_move = floats(n);
        for (int a = 0; a < MIXED_YEARS; a++) years.moves[a] = floats(n), years.moved_from[a] = floats(n);
    }
}

// The mean move of a year, and the sums that tell how to mix the last `n_mixed`: in the order of states, as the kernel.
INLINE double weigh_years(int n, const int n_mixed, double matrix[MIXED_YEARS][MIXED_YEARS], double *right) {
    double total = 0, counted = 0, products[MIXED_YEARS][MIXED_YEARS] = {{0}}, rights[MIXED_YEARS] = {0};
    for (int at = 0; at < n; at += SAMPLED) {
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

static double weigh_mixed(int n, int n_mixed, double matrix[MIXED_YEARS][MIXED_YEARS], double *right) {
    switch (n_mixed) {
    case 0: return weigh_years(n, 0, matrix, right);
    case 1: return weigh_years(n, 1, matrix, right);
    case 2: return weigh_years(n, 2, matrix, right);
    case 3: return weigh_years(n, 3, matrix, right);
    default: return weigh_years(n, 4, matrix, right);
    }
}

INLINE void mix(int n, const int n_mixed, const double *right) {
    for (int at = 0; at < n; at += LANES) {
        F x = load(years.gone + at);
        for (int a = 0; a < n_mixed; a++) x = fnma(all((float)right[a]), load(years.moved_from[a] + at), x);
        store(years.x + at, x);
    }
}

static float *first_season(int part) { return state_table(plans.value, part / N_TECHNIQUES, 0, part % N_TECHNIQUES); }

static int value_plans(double tolerance, int max_years) {
    int size = type.n_states, n = 6 * size;
    double matrix[MIXED_YEARS][MIXED_YEARS], right[MIXED_YEARS];
    ready_years(n);
    for (int part = 0; part < 6; part++) memcpy(years.x + part * size, first_season(part), (size_t)size * 4);
    for (int year = 0; year < max_years; year++) {
        live_year();
        float *moves = years.moves[(year + MIXED_YEARS - 1) % MIXED_YEARS], *moved_from = years.moved_from[(year + MIXED_YEARS - 1) % MIXED_YEARS];
        for (int part = 0; part < 6; part++) {
            const float *value = first_season(part);
            F counts = all(type.is_allowed[part % N_TECHNIQUES] ? 1 : 0);
            for (int s = 0; s < size; s += LANES) {
                int at = part * size + s;
                F gone = load(value + s), move = gone - load(years.x + at);
                store(years.gone + at, gone), store(years.move + at, move);
                store(years.weights + at, counts / (1.0f + size_of(gone)));
                if (year > 0) {
                    store(moves + at, move - load(years.before_move + at));
                    store(moved_from + at, gone - load(years.before + at));
                }
                store(years.before + at, gone), store(years.before_move + at, move);
            }
        }
        int n_mixed = year < MIXED_YEARS ? year : MIXED_YEARS;
        double move = weigh_mixed(n, n_mixed, matrix, right);
        if (move < tolerance || year == max_years - 1) return year + 1;
        solve_square(matrix, right, n_mixed);
        switch (n_mixed) {
        case 0: mix(n, 0, right); break;
        case 1: mix(n, 1, right); break;
        case 2: mix(n, 2, right); break;
        case 3: mix(n, 3, right); break;
        default: mix(n, 4, right);
        }
        for (int part = 0; part < 6; part++) memcpy(first_season(part), years.x + part * size, (size_t)size * 4);
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

INLINE void save_between(
    const int is_short, const season_terms *terms, const float *ahead, const float *rise, const float *curve,
    const float *at_left, const float *at_right, const float *best, const int32_t *node, float *worth, float *saved
) {
    F scale = all(terms->scale), share = all(1.0f / (float)type.n_seasons), need = all(type.need), flat = all(FLAT);
    F lowest = all(SMALLEST_SURPLUS), crra = all(type.crra), next_worth = all(terms->worth);
#define OF(table, at) of_savings(is_short, table, at)
    for (int x = 0; x < type.spend.n; x += LANES) {
        I at = load_counts(node + x), before = most_count(at - 1, count(0));
        F height = load(best + x), money = load(type.spend.at + x) - terms->outlay, own = OF(type.savings.at, at);
        F surplus = most(fms(money - own, scale, need), lowest);
        M is_right = both(fewer(at, count(type.savings.last + 1)), less(OF(at_left, at), surplus));
        M is_left = both(fewer(count(0), at), less(surplus, OF(at_right, before)));
        I cell = pick_count(is_right, at, before);
        F start = OF(type.savings.at, cell), width = OF(type.savings.width, cell);
        F base = OF(ahead, cell), rises = OF(rise, cell), bend = OF(curve, cell);
        F first = OF(at_left, cell), second = OF(at_right, cell);
        F has = fms(money - start, scale, need), span = width * scale;
        F place = (has - first) / most(span + second - first, flat);
        place = least(most(place, all(0)), all(1));
        F per_line = next_worth / width;
        for (int step = 0; step < 2; step++) {
            F gain = most(per_line * fused(bend, fms(all(2), place, all(1)), rises), flat), asked = wanted(gain);
            F steeper = fnma(asked / (crra * gain), 2.0f * per_line * bend, span);
            place = place + (fnma(place, span, has) - asked) / most(steeper, flat);
            place = least(most(place, all(0)), all(1));
        }
        F left = fnma(place, span, has), level = utility_of_surplus(log2_all(most(left, lowest))) * share;
        F score = fused(all(type.discount), fused(place, fused(bend, place - 1.0f, rises), base), level);
        M is_better = both(both(either(is_right, is_left), less(lowest, left)), less(height, score));
        store(worth + x, pick(is_better, score, height));
        store(saved + x, pick(is_better, fused(place, width, start), own));
    }
#undef OF
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
        switch (n_spend / LANES) {
        case 1: best_nodes(1, flow, row, best, node); break;
        case 2: best_nodes(2, flow, row, best, node); break;
        case 3: best_nodes(3, flow, row, best, node); break;
        default: best_nodes(4, flow, row, best, node);
        }
        float *worth = desk.worth + kept * n_spend, *saved = desk.saved + kept * n_spend;
        if (n_savings <= 48) save_between(1, terms, ahead, rise, desk.curve, left, right, best, node, worth, saved);
        else save_between(0, terms, ahead, rise, desk.curve, left, right, best, node, worth, saved);
    }
    for (int n = 0; n < type.assets.n * n_spend; n += LANES)
        store(desk.rises + n, load(desk.worth + n + 1) - load(desk.worth + n));
    lay(&type.spending, desk.worth, &desk.spent);
}

INLINE void best_kept_nodes(const int n, int i, float *best, int32_t *choice) {
    F highest[LOOKUP / LANES];
    I chosen[LOOKUP / LANES];
    for (int v = 0; v < n; v++) highest[v] = all(LOWEST), chosen[v] = count(0);
    for (int kept = 0; kept < type.assets.n; kept++) {
        const float *worth = desk.worth + kept * type.spend.n, *rises = desk.rises + kept * type.spend.n;
        for (int v = 0; v < n; v++) {
            int64_t at = ((int64_t)(i * type.assets.n + kept) * n + v) * LANES;
            int first = type.trade_first[at / LANES];
            I cell = bytes(type.trade_within + at);
            F low, rise;
            if (first >= 0) low = of_32(worth + first, cell), rise = of_32(rises + first, cell);
            else low = of_64(worth, cell), rise = of_64(rises, cell);
            F got = fused(load(type.trade_place + at), rise, low);
            store(desk.score + (kept * n + v) * LANES, got);
            M is_better = less(highest[v], got);
            highest[v] = pick(is_better, got, highest[v]);
            chosen[v] = pick_count(is_better, count(kept), chosen[v]);
        }
    }
    for (int v = 0; v < n; v++) store(best + v * LANES, highest[v]), store_counts(choice + v * LANES, chosen[v]);
}


INLINE F worth_of(F held, F money, I row, F across, F kept) {
    F place;
    I cell = place_of(&type.spend, left_over(money, kept - held), &place);
    return between(&desk.spent, type.spend.n, row * type.spend.n + cell, across, place);
}

INLINE F vertex(F x0, F x1, F x2, F y0, F y1, F y2) {
    F s0 = (y1 - y0) / (x1 - x0), s1 = (y2 - y1) / (x2 - x1), bend = (s1 - s0) / (x2 - x0);
    F left = 0.5f * (x0 + x1), middle = pick(less(x2 - x1, x1 - x0), left, 0.5f * (x1 + x2));
    F top = left - 0.5f * s0 / bend, margin = 0.02f * (x2 - x0);
    F inside = least(most(top, x0 + margin), x2 - margin), x = pick(not_more(all(-FLAT), bend), middle, inside);
    return pick(same(x, x1), left, x);
}

// Sixteen states on their way to the best assets to keep.
typedef struct {
    F mid, low, wide, next_wide, a0, a1, a2, b0, b1, b2;
    I below, above;
} quest;

INLINE void begin_quest(quest *q, F held, F money, I node, F best, int m) {
    const nodes *assets = &type.assets;
    I last = count(assets->last);
    M is_first = as_many(node, count(0)), is_top = fewer(last, node);
    I below = most_count(node - 1, count(0)), above = least_count(node, last);
    F low = of_64(assets->at, below), mid = of_64(assets->at, node), high = of_64(assets->at, above + 1);
    q->wide = of_64(assets->inverse_width, below), q->next_wide = of_64(assets->inverse_width, above);
    F far_low = mid + mid - high, far_high = mid + mid - low;
    low = pick(is_first, far_low, low), high = pick(is_top, far_high, high);
    F x0 = 0.5f * (low + mid), x2 = 0.5f * (mid + high), half = all(0.5f);
    F y0 = pick(is_first, all(LOWEST), worth_of(held, money, below, half, x0));
    F y2 = pick(is_top, all(LOWEST), worth_of(held, money, above, half, x2));
    M is_left = both(less(best, y0), not_more(y2, y0)), is_right = both(less(best, y2), less(y0, y2));
    I edge = pick_count(is_left, below, above + 1);
    I lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    F far = gather(desk.score + m, edge * type.money.n + lane);
    q->a1 = pick(is_left, x0, pick(is_right, x2, mid)), q->b1 = pick(is_left, y0, pick(is_right, y2, best));
    q->a0 = pick(is_left, low, pick(is_right, mid, x0)), q->b0 = pick(is_left, far, pick(is_right, best, y0));
    q->a2 = pick(is_left, mid, pick(is_right, high, x2)), q->b2 = pick(is_left, best, pick(is_right, far, y2));
    q->mid = mid, q->low = low, q->below = below, q->above = above;
}

INLINE void step(quest *q, F held, F money) {
    F x = vertex(q->a0, q->a1, q->a2, q->b0, q->b1, q->b2);
    M is_below = less(x, q->mid);
    F across = (x - pick(is_below, q->low, q->mid)) * pick(is_below, q->wide, q->next_wide);
    F y = worth_of(held, money, pick_count(is_below, q->below, q->above), across, x);
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
INLINE F take(const season_terms *terms, int is_free, int64_t n, F held, F money, F keeps, F carries) {
    led to = trace(terms->scale, terms->outlay, held, money, keeps, carries);
    F worth = led_worth(to), value = load(plans.value + n), size = 1.0f + size_of(worth), more = worth - value;
    M is_taken = is_free ? every_lane() : less(all(LEAST_GAIN) * size, more);
    if (!is_free) {
        worth = pick(is_taken, worth, value);
        keeps = pick(is_taken, keeps, load(plans.assets + n)), carries = pick(is_taken, carries, load(plans.savings + n));
        to.flow = pick(is_taken, to.flow, load(trail.flow + n)), to.across = pick(is_taken, to.across, load(trail.across + n));
        to.along = pick(is_taken, to.along, load(trail.along + n));
        to.corner = pick_count(is_taken, to.corner, load_counts(trail.corner + n));
    }
    store(plans.value + n, worth), store(plans.assets + n, keeps), store(plans.savings + n, carries);
    note(n, to);
    return pick(is_taken, size_of(more) / size, all(0));
}

static double search_assets(const season_terms *terms, int is_free, int64_t first) {
    static quest quests[LOOKUP / LANES];
    static float best[LOOKUP] __attribute__((aligned(64)));
    static int32_t choice[LOOKUP] __attribute__((aligned(64)));
    double gains[LANES] = {0}, gain = 0;
    int n = type.money.n;
    for (int i = 0; i < type.assets.n; i++) {
        F held = all(type.assets.at[i]);
        switch (n / LANES) {
        case 1: best_kept_nodes(1, i, best, choice); break;
        case 2: best_kept_nodes(2, i, best, choice); break;
        case 3: best_kept_nodes(3, i, best, choice); break;
        default: best_kept_nodes(4, i, best, choice);
        }
        for (int m = 0; m < n; m += LANES)
            begin_quest(quests + m / LANES, held, load(type.money.at + m), load_counts(choice + m), load(best + m), m);
        for (int m = 0; m < n; m += LANES) step(quests + m / LANES, held, load(type.money.at + m));
        for (int m = 0; m < n; m += LANES) step(quests + m / LANES, held, load(type.money.at + m));
        for (int m = 0; m < n; m += LANES) {
            F money = load(type.money.at + m), keeps = quests[m / LANES].a1;
            F carries = saved_at(held, money, load_counts(choice + m), keeps, terms->outlay);
            F got = take(terms, is_free, first + i * n + m, held, money, keeps, carries);
            for (int l = 0; l < LANES; l++) gains[l] += got[l];
        }
    }
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

// Solve once to warm up and then as often as told; print the seconds of a solve, of a year that is valued and of the first search.
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
        if (repeat) printf("%.9f %.9f %.9f\n", times[1] - times[0], (times[3] - times[2]) / YEARS_TIMED, times[5] - times[4]);
    }
    return 0;
}
