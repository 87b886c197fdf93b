// What the planner's twin reads and writes over: a type's problem in single precision, nodes, and tables.
#pragma once
#include "lanes.h"

enum { N_TECHNIQUES = 3, MIXED_YEARS = 4, SAMPLED = 5, FREE_SEARCHES = 12 };

typedef struct {
    int32_t n, last;
    const float *at, *width, *inverse_width; // LOOKUP entries
    float inverse_bend, scale, debt_cells, debt_scale;
} nodes;

// What bends of tables are reckoned with: by row, and by column.
typedef struct {
    int n_rows, n_columns;
    float row_before[LOOKUP], row_after[LOOKUP], row_squared[LOOKUP], before[LOOKUP], after[LOOKUP], squared[LOOKUP];
} sheet;

// A table as it is read along curves: pairs of an entry and its bend along the row; bends across rows.
typedef struct {
    float *pairs, *bends;
} spread;

static struct {
    int n_seasons, n_luck, n_states, n_choices; // states and choices of a season, knowledge and technique
    nodes assets, money, savings, spend;
    sheet states, choices, spending;
    const float *trade_place, *flow, *loss_place, *heir_asset_place, *heir_savings_place, *season_price, *season_outlay;
    const int32_t *loss_cell, *heir_asset_cell;
    const int16_t *cells;
    const float *inside, *redraw, *end_future;
    uint8_t *trade_within;  // places of look-ups of trade, from where their window begins
    int16_t *trade_first;   // where that is, by vector; less than zero where the window is too narrow
    int32_t heir_cell[LOOKUP];
    float share[LOOKUP], loss, need, crra, discount, resale, hazard, knowledge_loss, succession_hazard;
    float outlay_traditional, outlay_improved, outlay_known;
    int is_allowed[N_TECHNIQUES];
    double tolerance, expected_gain;
    int max_years;
} type;

static struct { float *value, *assets, *savings, *future; } plans;

// Where plans lead.
static struct { float *flow, *across, *along; int32_t *corner; } trail;

// What is read beyond its ends is there.
static float *floats(int64_t n) { return (float *)memory((size_t)(n + 2 * LOOKUP) * 4) + LOOKUP; }

static const float *padded(const char *name, const char *part) {
    char whole_name[64];
    snprintf(whole_name, sizeof whole_name, "%s.%s", name, part);
    float *to = floats(LOOKUP);
    memcpy(to, array(whole_name, 0), (size_t)find(whole_name)->count * 4);
    return to;
}

static float number_of(const char *name, const char *part) {
    char whole_name[64];
    snprintf(whole_name, sizeof whole_name, "%s.%s", name, part);
    return (float)number(whole_name);
}

static nodes read_nodes(const char *name, const char *at, int by) {
    int n = (int)find(at)->count;
    if (n > LOOKUP || n < 4 || n % by) fail("takes four to 64 nodes, but for assets multiples of sixteen; not so", name);
    return (nodes){
        n, n - 2, padded(name, "at"), padded(name, "width"), padded(name, "inverse_width"),
        number_of(name, "inverse_bend"), number_of(name, "scale"), number_of(name, "debt_cells"), number_of(name, "debt_scale"),
    };
}

static void read_sheet(sheet *to, const char *name, int n_rows, int n_columns) {
    char whole_name[64];
    to->n_rows = n_rows, to->n_columns = n_columns;
#define PART(part, count) \
    snprintf(whole_name, sizeof whole_name, "%s.%s", name, #part); \
    for (int n = 0; n < (count); n++) to->part[n] = ((const float *)array(whole_name, 0))[n];
    PART(row_before, n_rows) PART(row_after, n_rows) PART(row_squared, n_rows)
    PART(before, n_columns) PART(after, n_columns) PART(squared, n_columns)
#undef PART
}

// Look-ups that lie next to each other lie in few cells: note where a window of 32 begins, at a multiple of 16.
INLINE int window(const int16_t *cells) {
    int first = cells[0] & ~15;
    return cells[LANES - 1] - first < 32 ? first : -1;
}

static void narrow_trade(void) {
    const int16_t *cells = array("trade_cell", 5);
    int64_t n = find("trade_cell")->count;
    type.trade_within = memory((size_t)n);
    type.trade_first = memory((size_t)n / LANES * 2);
    for (int64_t k = 0; k < n; k += LANES) {
        int first = window(cells + k);
        type.trade_first[k / LANES] = (int16_t)first;
        for (int l = 0; l < LANES; l++) type.trade_within[k + l] = (uint8_t)(cells[k + l] - (first < 0 ? 0 : first));
    }
}

static void read_type(void) {
    type.assets = read_nodes("assets", "assets.at", 1);
    type.money = read_nodes("money", "money.at", 16);
    type.savings = read_nodes("savings", "savings.at", 16);
    type.spend = read_nodes("spend", "spend.at", 16);
    read_sheet(&type.states, "states", type.assets.n, type.money.n);
    read_sheet(&type.choices, "choices", type.assets.n, type.savings.n);
    read_sheet(&type.spending, "spending", type.assets.n, type.spend.n);
    type.n_states = type.assets.n * type.money.n, type.n_choices = type.assets.n * type.savings.n;
    type.n_seasons = (int)number("p.periods_per_year");
    type.n_luck = (int)find("luck_share")->count;
    if (type.n_luck > LOOKUP) fail("takes at most 64 classes of", "luck_share");
    for (int n = 0; n < type.n_luck; n++) type.share[n] = (float)((const double *)array("luck_share", 1))[n];
    for (int n = 0; n < type.savings.n; n++) type.heir_cell[n] = ((const int32_t *)array("heir_savings_at", 2))[n];
#define FIELD(name) type.name = array(#name, 0);
    FIELD(trade_place) FIELD(flow) FIELD(loss_place) FIELD(heir_asset_place) FIELD(heir_savings_place) FIELD(inside)
    FIELD(redraw) FIELD(end_future)
#undef FIELD
    type.season_price = array("p.season_price", 0), type.season_outlay = array("p.season_outlay", 0);
    type.loss_cell = array("loss_cell", 2), type.heir_asset_cell = array("heir_asset_cell", 2);
    type.cells = array("cells", 5);
#define FIELD(name) type.name = (float)number("p." #name);
    FIELD(need) FIELD(crra) FIELD(discount) FIELD(resale) FIELD(knowledge_loss) FIELD(succession_hazard)
    FIELD(outlay_traditional) FIELD(outlay_improved) FIELD(outlay_known)
#undef FIELD
    type.loss = (float)number("loss"), type.hazard = (float)number("end_hazard");
    type.tolerance = number("tolerance"), type.expected_gain = number("expected_gain");
    type.max_years = (int)number("max_years");
    for (int t = 0; t < N_TECHNIQUES; t++) type.is_allowed[t] = ((const int32_t *)array("is_allowed", 2))[t];
    narrow_trade();
    int64_t n_parts = 2 * type.n_seasons * N_TECHNIQUES, n = n_parts * type.n_states;
    plans.value = floats(n), plans.assets = floats(n), plans.savings = floats(n), plans.future = floats(n_parts * type.n_choices);
    trail.flow = floats(n), trail.across = floats(n), trail.along = floats(n), trail.corner = (int32_t *)floats(n);
}

static void begin(void) {
    int64_t n = find("solution.value")->count;
    memcpy(plans.value, array("solution.value", 0), (size_t)n * 4);
    memcpy(plans.assets, array("solution.assets", 0), (size_t)n * 4);
    memcpy(plans.savings, array("solution.savings", 0), (size_t)n * 4);
}

static float outlay_of(int season, int known, int technique) {
    float improved = known ? type.outlay_known : type.outlay_improved;
    float year = technique == 2 ? improved : technique ? type.outlay_traditional : 0;
    return year * type.season_outlay[season];
}
