// The household-period in plain C, one function per mechanism as in the kernels, over REAL numbers.
// Who includes it has defined REAL, LOG2, EXP2, SQRT, RINT and SINE_COSINE.
#pragma once
#include <math.h>
#include "elementary.h"
#include "world.h"

#define PARAMETERS(X) \
    X(crra) X(need) X(productivity_traditional) X(productivity_improved) X(productivity_known) \
    X(exponent_traditional) X(exponent_improved) X(labour_traditional) X(labour_improved) \
    X(outlay_traditional) X(outlay_improved) X(outlay_known) X(wage) X(wage_elasticity) X(keep) X(resale) \
    X(knowledge_loss) X(harvest_sd) X(wage_sd) X(quarters_per_period) X(periods_per_quarter) X(illness) \
    X(illness_labour) X(illness_bill) X(asset_loss) X(asset_loss_share) X(drought) X(drought_loss) \
    X(succession_age) X(heir_age) X(inheritance) X(pool_share) X(confidence_start) X(confidence_inherited) \
    X(corrected_by_trying) X(corrected_by_neighbours) X(severe_loss) X(broken_by_loss) X(food_share) \
    X(food_share_slope) X(sales_gain) X(is_redrawn) X(skill_persistence) X(school_effect) X(health_effect) \
    X(reference_school) X(reference_health) X(birth_age) X(children) X(is_health) X(health_line) \
    X(health_curve) X(is_schooling) X(school_age) X(school_end) X(school_fee) X(work_age) X(child_work) \
    X(school_worth) X(school_taste) X(food_line)

static struct {
#define FIELD(name) REAL name;
    PARAMETERS(FIELD)
#undef FIELD
    const float *skill_at, *skill_luck;
} p;

typedef struct { float inverse_bend, scale, debt_cells, debt_scale; int32_t last; const float *nodes, *inverse_widths; } grid;

static struct {
    const float *plans, *choice, *escape, *skill_nodes;
    const int32_t *kinds;
    grid assets, money;
    int32_t n_skill, n_other, n_land, n_minds, n_assets, n_money;
} tables;

// State and what a period leaves lying about; one entry per household of a block.
#define REALS(X) \
    X(assets) X(savings) X(participation) X(age) X(skill) X(wages) X(skill_place) X(school) X(child_health) \
    X(child_school) X(child_pay) X(crop) X(consumption_last) X(lived) X(lived_heir) X(income_year) \
    X(consumption_year) X(estate_left) X(own_year) X(output_year) X(wages_year) X(pooled_year) X(sold_year) \
    X(lean) X(harvest) X(wage) X(bill) X(survive) X(drought) X(severity) X(money) X(income) X(consumption) \
    X(earned) X(food) X(own_factor) X(input_help) X(outlay_keep) X(return_save) X(return_borrow) X(credit_limit)
#define COUNTS(X) \
    X(technique) X(knowledge) X(confidence) X(type_at) X(generation) X(is_enrolled) X(spell) X(is_destitute) \
    X(hungry) X(is_from_threshold) X(reach) X(is_heir) X(start) X(began_above) X(pattern)

static struct {
#define FIELD(name) REAL *name;
    REALS(FIELD)
#undef FIELD
#define FIELD(name) int32_t *name;
    COUNTS(FIELD)
#undef FIELD
    int64_t *paid_in, *part;
    REAL *twin, *twin_heir; // (n_years, block) consumption, (5, block) the first heir
} state;

static people h; // households of the block

static grid read_grid(const char *name) {
    char full[64];
    grid g;
#define READ(field, how) (snprintf(full, sizeof full, "tables.%s." field, name), how)
    g.inverse_bend = (float)READ("inverse_bend", number(full));
    g.scale = (float)READ("scale", number(full));
    g.debt_cells = (float)READ("debt_cells", number(full));
    g.debt_scale = (float)READ("debt_scale", number(full));
    g.last = (int32_t)READ("last", number(full));
    g.nodes = READ("nodes", array(full, 0));
    g.inverse_widths = READ("inverse_widths", array(full, 0));
    return g;
#undef READ
}

static void read_life(int64_t block) {
#define FIELD(name) p.name = (REAL)number("p." #name);
    PARAMETERS(FIELD)
#undef FIELD
    p.skill_at = array("p.skill_at", 0);
    p.skill_luck = array("p.skill_luck", 0);
    tables.plans = array("tables.plans", 0);
    tables.choice = array("tables.choice", 0);
    tables.escape = array("tables.escape", 0);
    tables.kinds = array("tables.kinds", 2);
    tables.skill_nodes = array("tables.skill_nodes", 0);
    tables.assets = read_grid("assets");
    tables.money = read_grid("money");
#define FIELD(name) tables.name = (int32_t)number("tables." #name);
    FIELD(n_skill) FIELD(n_other) FIELD(n_land) FIELD(n_minds) FIELD(n_assets) FIELD(n_money)
#undef FIELD
#define FIELD(name) state.name = memory((size_t)block * sizeof(REAL));
    REALS(FIELD)
#undef FIELD
#define FIELD(name) state.name = memory((size_t)block * 4);
    COUNTS(FIELD)
#undef FIELD
    state.paid_in = memory((size_t)block * 8);
    state.part = memory((size_t)block * 8);
    state.twin = memory((size_t)(block * run.n_years) * sizeof(REAL));
    state.twin_heir = memory((size_t)block * 5 * sizeof(REAL));
}

INLINE REAL least(REAL a, REAL b) { return a < b ? a : b; }
INLINE REAL most(REAL a, REAL b) { return a > b ? a : b; }
INLINE int32_t clip(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }
INLINE REAL unit(uint32_t word) { return (REAL)((float)(int32_t)(word >> 9) * 0x1p-23f + 0x1p-24f); }
INLINE int64_t fixed(double weight, REAL value) { return llrint(weight * (double)value * 0x1p20); }

INLINE void normal_pair(uint32_t word, uint32_t other, REAL *radius, REAL *cosine, REAL *sine) {
    *radius = SQRT((REAL)(-2.0 * 0.69314718055994530942) * LOG2(unit(word)));
    SINE_COSINE(unit(other), sine, cosine);
}

INLINE REAL mix(REAL low, REAL high, REAL place) { return low + place * (high - low); }

INLINE int32_t locate(const grid *g, REAL x, REAL *place) {
    REAL debt = g->debt_cells + least(x, 0) * g->debt_scale;
    int32_t cell = clip((int32_t)(debt + LOG2(1 + most(x, 0) * g->inverse_bend) * g->scale), 0, g->last);
    *place = least(most((x - g->nodes[cell]) * g->inverse_widths[cell], 0), 1);
    return cell;
}

INLINE REAL blend(const float *table, int32_t corner, int32_t step, int32_t row, REAL assets, REAL money) {
    REAL low = mix(table[corner], table[corner + step], money);
    REAL high = mix(table[corner + row], table[corner + row + step], money);
    return mix(low, high, assets);
}

INLINE int32_t mind_of(int32_t knowledge, int32_t confidence) { return knowledge + 2 * (1 - confidence); }
INLINE int32_t class_of(int is_above, int32_t kind) { return is_above ? 0 : kind == 0 ? 4 : kind; }

static void begin(int64_t n) {
    for (int64_t j = 0; j < n; j++) {
#define FIELD(name) state.name[j] = h.name[j];
        FIELD(assets) FIELD(savings) FIELD(technique) FIELD(knowledge) FIELD(confidence) FIELD(participation)
        FIELD(age) FIELD(skill) FIELD(wages) FIELD(type_at) FIELD(skill_place) FIELD(school)
        FIELD(child_health) FIELD(child_school) FIELD(reach)
#undef FIELD
        state.consumption_last[j] = h.consumption[j];
#define FIELD(name) state.name[j] = 0;
        FIELD(generation) FIELD(is_enrolled) FIELD(child_pay) FIELD(crop) FIELD(lived) FIELD(lived_heir)
        FIELD(income_year) FIELD(consumption_year) FIELD(spell) FIELD(is_destitute) FIELD(is_from_threshold)
        FIELD(estate_left) FIELD(own_year) FIELD(output_year) FIELD(wages_year) FIELD(pooled_year)
        FIELD(sold_year) FIELD(lean) FIELD(hungry) FIELD(pattern)
#undef FIELD
        state.drought[j] = 1;
        uint32_t word[4];
        philox(h.key[j], 0, SEVERITY, 0, word);
        state.severity[j] = unit(word[0]) < run.share_hit ? 2 * unit(word[1]) / run.share_hit : 0;
    }
}

static void take_terms(int64_t n, int64_t row) {
    for (int64_t j = 0; j < n; j++) {
        int64_t at = row * N_LISTS + state.reach[j];
        state.own_factor[j] = run.own_factor[at];
        state.input_help[j] = run.input_help[at];
        state.outlay_keep[j] = run.outlay_keep[at];
        state.return_save[j] = run.return_save[at];
        state.return_borrow[j] = run.return_borrow[at];
        state.credit_limit[j] = run.credit_limit[at];
    }
}

static void grow_older(int64_t n) {
    for (int64_t j = 0; j < n; j++) {
        REAL older = state.age[j] + 1, held = state.assets[j], saved = state.savings[j];
        int is_succession = older >= p.succession_age;
        REAL share = is_succession ? p.inheritance : 1;
        state.age[j] = is_succession ? p.heir_age : older;
        state.is_heir[j] = is_succession;
        state.assets[j] = held * share;
        state.savings[j] = saved * share;
        state.estate_left[j] = (held + saved) * (1 - share);
    }
}

INLINE REAL skill_of(const float *table, REAL score) {
    const REAL per_score = (REAL)((N_SCORES - 1) / 6.0);
    REAL place = (least(most(score, -3), 3) + 3) * per_score;
    int32_t cell = (int32_t)place < N_SCORES - 2 ? (int32_t)place : N_SCORES - 2;
    return table[cell] + (place - cell) * (table[cell + 1] - table[cell]);
}

INLINE REAL score_of(const float *table, REAL level) {
    const REAL per_score = (REAL)((N_SCORES - 1) / 6.0);
    int below = 0, above = 0;
    for (int cell = 0; cell < N_SCORES; cell++) {
        below += table[cell] < level;
        above += table[cell] > level;
    }
    if (below == 0 && above == N_SCORES) return -3;
    if (above == 0 && below == N_SCORES) return 3;
    int first = below, last = N_SCORES - 1 - above;
    if (first <= last) return (REAL)(first + last) / (2 * per_score) - 3;
    REAL width = (REAL)table[first] - table[last];
    return (last + (level - table[last]) / width) / per_score - 3;
}

static void succeed_one(int64_t j, int64_t year) {
    uint32_t word[4];
    philox(h.key[j], (uint32_t)year, HEIR, 0, word);
    if (unit(word[2]) >= p.confidence_inherited) state.confidence[j] = unit(word[3]) < p.confidence_start;
    int32_t generation = state.generation[j];
    if (generation == 0) {
        REAL *twin = state.twin_heir;
        int64_t stride = run.largest;
        twin[j] = state.assets[j];
        twin[stride + j] = state.savings[j];
        twin[2 * stride + j] = state.child_school[j];
        twin[3 * stride + j] = state.child_health[j];
        twin[4 * stride + j] = state.confidence[j];
    }
    if (p.is_redrawn != 0) {
        REAL radius, cosine, sine;
        normal_pair(word[0], word[1], &radius, &cosine, &sine);
        const float *table = p.skill_at + h.land_at[j] * N_SCORES;
        REAL score = p.skill_persistence * score_of(table, log2_single((float)state.skill[j])); // many sit on the very nodes: the last bit decides
        REAL level = skill_of(table, score + p.skill_luck[h.land_at[j]] * (radius * cosine));
        level += p.school_effect * (state.child_school[j] - p.reference_school);
        level += p.health_effect * (state.child_health[j] - p.reference_health);
        level = least(most(level, -6), 5);
        state.skill[j] = EXP2(level);
        state.wages[j] = p.wage * EXP2(p.wage_elasticity * level);
        int32_t cell = 0;
        while (cell < tables.n_skill - 2 && tables.skill_nodes[cell + 1] <= level) cell++;
        REAL place = 0;
        if (tables.n_skill > 1) {
            REAL low = tables.skill_nodes[cell], high = tables.skill_nodes[cell + 1];
            place = least(most((level - low) / (high - low), 0), 1);
        }
        state.skill_place[j] = place;
        state.type_at[j] = cell * tables.n_other + state.type_at[j] % tables.n_other;
    }
    if (generation == 0) {
        double weight = h.weight[j];
        int64_t *out = sums.heir + (h.is_eligible[j] ? 0 : N_MOMENTS);
        REAL own = state.child_school[j], parent = state.school[j];
        REAL moments[10] = {1, own, parent, own * own, parent * parent, own * parent, state.child_health[j],
                            state.confidence[j], state.assets[j] + state.savings[j], LOG2(state.skill[j])};
        for (int m = 0; m < 10; m++) out[m] += fixed(weight, moments[m]);
        REAL lived = LOG2(most(state.lived[j] / year, (REAL)1e-6f));
        state.lived[j] = year >= 3 ? lived : (REAL)-2e9f;
    }
    state.generation[j] = generation + 1;
    state.school[j] = state.child_school[j];
    state.child_school[j] = 0;
    state.child_health[j] = 0;
}

static void succeed(int64_t n, int64_t year) {
    for (int64_t j = 0; j < n; j++)
        if (state.is_heir[j]) succeed_one(j, year);
}

static void draw_luck(int64_t n, int64_t quarter, int is_first, int is_new) {
    const REAL log2_e = (REAL)1.4426950408889634f;
    REAL share = 1 / p.quarters_per_period, bill = p.illness_bill / p.periods_per_quarter;
    REAL loss = is_new ? p.asset_loss : 0, keep = is_first ? 0 : 1;
    REAL harvest_spread = p.harvest_sd * log2_e, wage_spread = p.wage_sd * log2_e;
    REAL harvest_shift = (REAL)0.5 * p.harvest_sd * harvest_spread, wage_shift = (REAL)0.5 * p.wage_sd * wage_spread;
    for (int64_t j = 0; j < n; j++) {
        uint32_t word[4];
        REAL radius, cosine, sine;
        philox(h.key[j], (uint32_t)quarter, QUARTER, 0, word);
        normal_pair(word[0], word[1], &radius, &cosine, &sine);
        int is_ill = unit(word[2]) < p.illness, is_lost = unit(word[3]) < loss;
        REAL good = EXP2(harvest_spread * (radius * cosine) - harvest_shift) * share;
        REAL paid = EXP2(wage_spread * (radius * sine) - wage_shift) * share;
        if (is_ill) paid *= 1 - p.illness_labour;
        state.harvest[j] = state.harvest[j] * keep + good;
        state.wage[j] = state.wage[j] * keep + paid;
        state.bill[j] = state.bill[j] * keep + (is_ill ? bill : 0);
        state.survive[j] = (state.survive[j] * keep + 1 - keep) * (is_lost ? 1 - p.asset_loss_share : 1);
    }
}

INLINE REAL own_output(int32_t technique, int32_t knowledge, REAL skill, REAL capital) {
    REAL improved = knowledge ? p.productivity_known : p.productivity_improved;
    REAL productivity = technique == 2 ? improved : p.productivity_traditional;
    REAL exponent = technique == 2 ? p.exponent_improved : p.exponent_traditional;
    REAL output = productivity * skill * EXP2(exponent * LOG2(most(capital, (REAL)1e-30f)));
    return technique ? output : 0;
}

INLINE REAL year_outlay(int32_t technique, int32_t knowledge) {
    REAL improved = knowledge ? p.outlay_known : p.outlay_improved;
    return technique == 0 ? 0 : technique == 2 ? improved : p.outlay_traditional;
}

static void earn(int64_t n, int64_t season, int64_t before, int is_struck) {
    REAL share = 1 / (REAL)run.per_year, output = run.season_output[season], reach = is_struck;
    REAL own_loss = reach * run.own_loss[before], wage_loss = reach * run.wage_loss[before];
    REAL other_loss = reach * run.other_loss[before], asset_loss = reach * run.asset_loss[before];
    REAL price_gain = 1 + reach * p.sales_gain * (run.price[before] - 1);
    for (int64_t j = 0; j < n; j++) {
        int32_t planted = state.technique[j];
        REAL hard = state.severity[j], held = state.assets[j] * p.keep;
        REAL luck = state.harvest[j] * state.drought[j], lost = least(own_loss * hard, 1);
        REAL own = own_output(planted, state.knowledge[j], state.skill[j], held + h.land[j]);
        own = own * output * state.harvest[j] * state.drought[j] * (1 - lost) * (state.own_factor[j] * price_gain);
        REAL used = planted == 0 ? 0 : planted == 2 ? p.labour_improved : p.labour_traditional;
        REAL paid = state.wages[j] * (1 - used) * share * state.wage[j] * (1 - least(wage_loss * hard, 1));
        REAL rest = h.other[j] * share * (1 - least(other_loss * hard, 1));
        REAL got = own + paid + rest + state.child_pay[j];
        state.income[j] = got;
        state.earned[j] = own + paid;
        state.crop[j] += output * (luck - luck * lost);
        state.own_year[j] += own;
        state.output_year[j] += own;
        state.wages_year[j] += paid;
        REAL saved = state.savings[j], limit = state.credit_limit[j];
        REAL owed = least(most(saved, -limit), 0), arrears = least(saved + limit, 0);
        REAL after = most(saved, 0) * state.return_save[j] + owed * state.return_borrow[j] + arrears;
        state.money[j] = after + got - state.bill[j];
        state.assets[j] = held * state.survive[j] * (1 - least(asset_loss * hard, 1));
    }
}

static void strike_villages(int64_t n, int64_t year) {
    for (int64_t j = 0; j < n; j++) {
        uint32_t word[4];
        philox((uint32_t)h.village[j], (uint32_t)year, DROUGHT, 0, word);
        state.drought[j] = unit(word[0]) < p.drought ? 1 - p.drought_loss : 1;
    }
}

typedef struct { int32_t row, skill_step, other_step, other, skill, mind, land, slot; } strides;

static strides strides_of(int32_t columns, int32_t layers) { // of a table with entries side by side and layers of assets
    strides s;
    s.row = tables.n_money * columns;
    s.other = tables.n_assets * s.row * layers;
    s.skill = s.other * tables.n_other;
    s.mind = s.skill * tables.n_skill;
    s.land = s.mind * tables.n_minds;
    s.slot = s.land * tables.n_land;
    s.skill_step = tables.n_skill > 1 ? s.skill : 0;
    s.other_step = tables.n_other > 1 ? s.other : 0;
    return s;
}

INLINE REAL among_types(const float *table, const strides *s, int32_t corner, int32_t step, REAL assets, REAL money, REAL across, REAL along) {
    REAL a = blend(table, corner, step, s->row, assets, money);
    REAL b = blend(table, corner + s->other_step, step, s->row, assets, money);
    corner += s->skill_step;
    REAL c = blend(table, corner, step, s->row, assets, money);
    REAL d = blend(table, corner + s->other_step, step, s->row, assets, money);
    return mix(mix(a, b, along), mix(c, d, along), across);
}

INLINE REAL chance_before(const strides *s, int64_t j, int32_t corner, REAL assets, REAL money) {
    corner += mind_of(h.knowledge[j], h.confidence[j]) * s->mind;
    return among_types(tables.escape, s, corner, 1, assets, money, state.skill_place[j], h.other_place[j]);
}

static void judge(int64_t n, int is_start) {
    strides s = strides_of(1, 1);
    for (int64_t j = 0; j < n; j++) {
        REAL assets, money;
        int32_t cell = locate(&tables.assets, state.assets[j], &assets);
        int32_t other = locate(&tables.money, state.money[j], &money);
        int32_t corner = h.land_at[j] * s.land + state.type_at[j] * s.other + cell * s.row + other;
        int32_t mind = mind_of(state.knowledge[j], state.confidence[j]), spell = state.spell[j];
        REAL now = among_types(tables.escape, &s, corner + mind * s.mind, 1, assets, money, state.skill_place[j], h.other_place[j]);
        int is_above = now >= (REAL)0.5;
        if (is_above && spell <= 0) state.is_from_threshold[j] = !(chance_before(&s, j, corner, assets, money) >= (REAL)0.5);
        state.spell[j] = is_above ? (spell > 0 ? spell + 1 : 1) : (spell < 0 ? spell - 1 : -1);
        if (is_start) {
            state.start[j] = class_of(is_above, h.type_kind[j]);
            state.began_above[j] = is_above;
        }
    }
}

INLINE int32_t bin_of(REAL value) {
    return clip((int32_t)((LOG2(most(value, (REAL)1e-6f)) + 6) * 20), 0, N_BINS - 1);
}

static void add_outcome(int64_t j, int64_t year, int o, REAL value) {
    int64_t amount = fixed(h.weight[j], value), group = !h.is_eligible[j], at = run.horizon[year];
    sums.year[(year * 2 + group) * N_OUTCOMES + o] += amount;
    if (at >= 0) sums.village[((at * 2 + group) * N_OUTCOMES + o) * run.n_villages + h.village[j]] += amount;
}

static void record_flows(int64_t n, int64_t year) {
    for (int64_t j = 0; j < n; j++) {
        REAL income = state.income_year[j], eaten = state.consumption_year[j], gap = most(1 - eaten, 0);
        REAL child_age = state.age[j] - p.birth_age, savings = state.savings[j], assets = state.assets[j];
        REAL values[N_FLOWS] = {
            income, eaten, assets, most(savings, 0), most(-savings, 0), state.technique[j] == 2,
            state.technique[j] != 0, eaten < 1, gap, gap * gap, income < 1, state.is_destitute[j],
            state.knowledge[j], income * income, eaten * eaten, assets * assets, state.estate_left[j],
            state.own_year[j], state.output_year[j], state.wages_year[j], state.confidence[j],
            state.participation[j], state.pooled_year[j], state.is_enrolled[j], p.school_age <= child_age && child_age < p.school_end,
            state.sold_year[j], state.lean[j], (REAL)state.hungry[j] * (12 / (REAL)run.per_year), state.hungry[j] != 0,
        };
        for (int o = 0; o < N_FLOWS; o++) add_outcome(j, year, o, values[o]);
    }
}

static void record_statuses(int64_t n, int64_t year) {
    for (int64_t j = 0; j < n; j++) {
        int32_t start = state.start[j], spell = state.spell[j];
        int is_up = spell > run.escape_years, has_escaped = is_up && start == 1, is_threshold = state.is_from_threshold[j];
        int values[] = {spell > 0, has_escaped, has_escaped && !is_threshold, has_escaped && is_threshold,
                        state.began_above[j] && spell < -run.escape_years, is_up && start == 2};
        for (int o = 0; o < N_OUTCOMES - N_FLOWS; o++) add_outcome(j, year, N_FLOWS + o, (REAL)values[o]);
    }
}

static void learn(int64_t n, int64_t year) {
    for (int64_t start = 0, end; start < n; start = end) {
        int64_t of = 0, persons = 0;
        for (end = start; end < n && h.village[end] == h.village[start]; end++) {
            int64_t weight = fixed(h.weight[end], 1);
            persons += weight;
            of += state.technique[end] == 2 ? weight : 0;
        }
        REAL seen = p.corrected_by_neighbours * (REAL)(float)((double)of / (double)persons);
        for (int64_t j = start; j < end; j++) {
            int has_tried = state.technique[j] == 2, is_severe = has_tried && state.crop[j] < p.severe_loss;
            if (state.confidence[j] && !is_severe) continue;
            uint32_t word[4];
            philox(h.key[j], (uint32_t)year, BELIEF, 0, word);
            REAL chance = unit(word[0]);
            if (state.confidence[j]) state.confidence[j] = !(chance < p.broken_by_loss);
            else if (!is_severe && chance < (has_tried ? p.corrected_by_trying : seen)) state.confidence[j] = 1;
        }
    }
}

static void forget(int64_t n, int64_t year) {
    for (int64_t j = 0; j < n; j++) {
        if (!state.knowledge[j] || state.technique[j] == 2) continue;
        uint32_t word[4];
        philox(h.key[j], (uint32_t)year, YEAR, 0, word);
        if (unit(word[0]) < p.knowledge_loss) state.knowledge[j] = 0;
    }
}

static void share_income(int64_t n) {
    for (int64_t j = 0; j < n; j++) {
        state.paid_in[j] = fixed(h.weight[j], p.pool_share * state.participation[j] * state.earned[j]);
        state.part[j] = fixed(h.weight[j], state.participation[j]);
    }
    for (int64_t start = 0, end; start < n; start = end) {
        int64_t pot = 0, parts = 0, so_far = 0, paid_out = 0, ledger = 0;
        for (end = start; end < n && h.village[end] == h.village[start]; end++) {
            pot += state.paid_in[end];
            parts += state.part[end];
        }
        if (parts <= 0) continue;
        for (int64_t j = start; j < end; j++) {
            so_far += state.part[j];
            int64_t upto = (int64_t)floor((double)pot * ((double)so_far / (double)parts));
            int64_t net = upto - paid_out - state.paid_in[j];
            paid_out = upto;
            ledger += net;
            REAL got = (REAL)((double)net / (h.weight[j] * 0x1p20));
            state.money[j] += got;
            state.pooled_year[j] += got;
        }
        sums.status[1] += llabs(ledger);
    }
}

static void feel_prices(int64_t n) {
    for (int64_t j = 0; j < n; j++) {
        REAL level = LOG2(most(state.consumption_last[j], (REAL)0.05f));
        state.food[j] = least(most(p.food_share - p.food_share_slope * level, 0), 1);
    }
}

static void enrol(int64_t n, int64_t year, int64_t period) {
    const REAL hungry = (REAL)0.05f, root_half = (REAL)0.7071067811865476f;
    for (int64_t j = 0; j < n; j++) {
        REAL size = h.size[j], child_age = state.age[j] - p.birth_age;
        int can_work = p.work_age <= child_age && child_age < 18, goes = 0;
        if (p.school_age <= child_age && child_age < p.school_end) {
            int64_t at = period * N_LISTS + state.reach[j];
            REAL stake = (run.at_stake[at] * size + run.pupil_stake[at]) / p.children;
            REAL cost = p.school_fee + (can_work ? p.child_work : 0) - stake;
            goes = cost <= 0;
            if (!goes) {
                uint32_t word[4], lasting[4], seed = run.replicate;
                REAL radius, cosine, sine, first, second;
                run.replicate = state.generation[j] > 0 ? seed : 0; // the start's families: alike in all replicates
                philox(h.key[j], (uint32_t)state.generation[j], CHILD, 0, lasting);
                run.replicate = seed;
                philox(h.key[j], (uint32_t)year, CHILD, 1, word);
                normal_pair(lasting[0], lasting[1], &radius, &cosine, &sine);
                first = radius * cosine;
                normal_pair(word[0], word[1], &radius, &cosine, &sine);
                second = radius * cosine;
                REAL taste = (first + second) * root_half, ease = p.crra * LOG2(most(state.consumption_last[j], hungry));
                goes = LOG2(p.school_worth / cost) + ease + p.school_taste * taste >= 0;
            }
        }
        state.is_enrolled[j] = goes;
        state.money[j] -= goes ? p.school_fee * p.children / size : 0;
        state.child_pay[j] = can_work && !goes ? p.child_work * p.children / size / (REAL)run.per_year : 0;
    }
}

static void plant(int64_t n, int64_t period) {
    strides s = strides_of(2, 1);
    for (int64_t j = 0; j < n; j++) {
        REAL assets, money;
        int32_t cell = locate(&tables.assets, state.assets[j], &assets);
        int32_t other = locate(&tables.money, state.money[j], &money);
        int32_t corner = run.slot[period * N_LISTS + state.reach[j]] * s.slot + h.land_at[j] * s.land +
                         mind_of(state.knowledge[j], state.confidence[j]) * s.mind + state.type_at[j] * s.other +
                         cell * s.row + other * 2;
        REAL across = state.skill_place[j], along = h.other_place[j];
        REAL traditional = among_types(tables.choice, &s, corner, 2, assets, money, across, along);
        REAL improved = among_types(tables.choice, &s, corner + 1, 2, assets, money, across, along);
        state.technique[j] = improved > most(traditional, 0) ? 2 : traditional > 0;
    }
}

static void decide(int64_t n, int64_t period, int64_t season) {
    strides s = strides_of(2, 3);
    int32_t technique_stride = tables.n_assets * s.row;
    REAL price = run.season_price[season], rise = (REAL)run.price[period] - 1, per_year = (REAL)run.per_year;
    for (int64_t j = 0; j < n; j++) {
        REAL held = state.assets[j], at_hand = state.money[j], limit = state.credit_limit[j], assets, money;
        int32_t planted = state.technique[j], known = state.knowledge[j];
        REAL dear = 1 + state.food[j] * rise, need = p.need * price * dear / per_year, real = 1 / (price * dear);
        int32_t cell = locate(&tables.assets, held, &assets), other = locate(&tables.money, at_hand, &money);
        int32_t corner = run.slot[period * N_LISTS + state.reach[j]] * s.slot + h.land_at[j] * s.land +
                         mind_of(known, state.confidence[j]) * s.mind + state.type_at[j] * s.other +
                         planted * technique_stride + cell * s.row + other * 2;
        REAL across = state.skill_place[j], along = h.other_place[j];
        REAL kept = among_types(tables.plans, &s, corner, 2, assets, money, across, along);
        REAL carried = among_types(tables.plans, &s, corner + 1, 2, assets, money, across, along);
        REAL help = planted == 2 ? state.input_help[j] : 0;
        REAL outlay = most(year_outlay(planted, known) - help, 0) * state.outlay_keep[j] * run.season_outlay[season];
        kept = most(kept, 0);
        carried = most(carried, -limit);
        REAL change = kept - held;
        REAL lacking = most(need - (at_hand - outlay - carried - (change > 0 ? change : p.resale * change)), 0);
        REAL cancelled = least(most(change, 0), lacking);
        kept -= cancelled;
        lacking -= cancelled;
        REAL drawn = least(lacking, most(carried, 0));
        carried -= drawn;
        lacking -= drawn;
        REAL raised = least(lacking, p.resale * kept);
        kept = raised >= p.resale * kept ? 0 : kept - raised / p.resale;
        lacking -= raised;
        REAL borrowed = least(lacking, most(carried + limit, 0));
        carried -= borrowed;
        lacking -= borrowed;
        change = kept - held;
        REAL rest = at_hand - carried - (change > 0 ? change : p.resale * change);
        int is_paid = outlay <= 0 || lacking <= (REAL)1e-6f || rest - outlay > 0;
        REAL eaten = is_paid ? rest - outlay : rest, arrears = least(eaten, 0);
        carried += arrears;
        eaten -= arrears;
        REAL spent = is_paid ? outlay : 0, net = state.income[j] - spent, eaten_real = eaten * real;
        state.assets[j] = kept;
        state.savings[j] = carried;
        state.technique[j] = is_paid ? planted : 0;
        state.income[j] = net;
        state.consumption[j] = eaten_real;
        state.income_year[j] += net;
        state.own_year[j] -= spent;
        state.consumption_year[j] += eaten_real;
        state.sold_year[j] += raised;
        if (season == run.lean_season) state.lean[j] = eaten_real * per_year;
        if (eaten < need - (REAL)1e-4f) state.is_destitute[j] = 1;
        state.hungry[j] += eaten_real * per_year < p.food_line;
    }
}

static void add_period(int64_t n, int64_t period) {
    REAL per_year = (REAL)run.per_year;
    for (int64_t j = 0; j < n; j++) {
        int64_t *out = sums.period + (period * 2 + !h.is_eligible[j]) * 2;
        out[0] += fixed(h.weight[j], state.consumption[j] * per_year);
        out[1] += fixed(h.weight[j], state.income[j] * per_year);
    }
}

static void raise_children(int64_t n, int64_t year) {
    for (int64_t j = 0; j < n; j++) {
        REAL child_age = state.age[j] - p.birth_age, eaten = state.consumption_year[j];
        if (0 <= child_age && child_age < 5 && p.is_health != 0) {
            REAL fed = least(most(eaten / p.health_line, (REAL)1e-6f), 1);
            state.child_health[j] += EXP2(p.health_curve * LOG2(fed)) / 5;
        }
        if (state.is_enrolled[j]) state.child_school[j] += 1 - run.school_closed[year];
        if (state.generation[j] == 0) state.lived[j] += eaten;
        else if (state.generation[j] == 1) state.lived_heir[j] += eaten;
    }
}

static void close_year(int64_t n, int64_t year) {
    int64_t at = run.horizon[year];
    for (int64_t j = 0; j < n; j++) {
        REAL income = state.income_year[j], eaten = state.consumption_year[j];
        int64_t persons = fixed(h.weight[j], 1);
        if (at >= 0) {
            sums.histogram[(at * 2) * N_BINS + bin_of(income)] += persons;
            sums.histogram[(at * 2 + 1) * N_BINS + bin_of(eaten)] += persons;
        }
        if (year == run.n_years - 1) sums.mobility[h.quintile[j] * N_BINS + bin_of(eaten)] += persons;
        state.twin[year * run.largest + j] = eaten;
        sums.status[0] += !(fabs((double)income) < 1e6 && fabs((double)eaten) < 1e6 && fabs((double)state.assets[j]) < 1e6);
        state.consumption_last[j] = eaten;
#define FIELD(name) state.name[j] = 0;
        FIELD(income_year) FIELD(consumption_year) FIELD(is_destitute) FIELD(estate_left) FIELD(own_year)
        FIELD(output_year) FIELD(wages_year) FIELD(pooled_year) FIELD(sold_year) FIELD(hungry)
#undef FIELD
    }
}

INLINE int32_t heir_bin(REAL level) { return clip((int32_t)((level + 6) * 4), 0, N_HEIR_BINS - 1); }

// At the end of a life: who is out, and heirs beside their parents.
static void finish(int64_t n) {
    const REAL ln_2 = (REAL)0.6931471805599453f;
    for (int64_t j = 0; j < n; j++) {
        int64_t persons = fixed(h.weight[j], 1);
        state.pattern[j] = state.spell[j] > run.escape_years;
        sums.start[state.start[j]] += persons;
        if (state.start[j] == 1 || state.start[j] == 2) sums.pattern[state.pattern[j]] += persons;
        if (state.generation[j] == 0) continue;
        int32_t skill = state.type_at[j] / tables.n_other, other = state.type_at[j] % tables.n_other;
        skill += state.skill_place[j] > (REAL)0.5 && skill < tables.n_skill - 1;
        other += h.other_place[j] > 0.5f && other < tables.n_other - 1;
        int32_t mind = mind_of(state.knowledge[j], state.confidence[j]);
        int32_t kind = tables.kinds[((h.land_at[j] * tables.n_minds + mind) * tables.n_skill + skill) * tables.n_other + other];
        int32_t ends = class_of(state.spell[j] > 0, kind), group = !h.is_eligible[j];
        sums.heir_class[(group * 5 + state.start[j]) * 5 + ends] += persons;
        REAL years = RINT(state.age[j] - p.heir_age);
        if (state.generation[j] > 1 || years < 3 || state.lived[j] <= (REAL)-1e9f) continue;
        REAL mean = state.lived_heir[j] / years, heir = LOG2(most(mean, (REAL)1e-6f)), parent = state.lived[j];
        sums.heir_joint[heir_bin(parent) * N_HEIR_BINS + heir_bin(heir)] += persons;
        heir *= ln_2;
        parent *= ln_2;
        REAL moments[9] = {1, heir, parent, heir * heir, parent * parent, heir * parent, mean, mean < 1, ends == 1};
        for (int m = 0; m < 9; m++) sums.heir[group * N_MOMENTS + 10 + m] += fixed(h.weight[j], moments[m]);
    }
}

// The whole life of a block, mechanism after mechanism.
static void live_block_plainly(int64_t first, int64_t n) {
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
