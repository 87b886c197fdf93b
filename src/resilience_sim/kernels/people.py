"""What the population step reads and writes: households, their state, what arms deliver, and the sums."""

from typing import Any, NamedTuple


class Households(NamedTuple):
    """What does not change within a run; arrays (n,), villages contiguous. Float32 unless said otherwise."""

    key: Any  # uint32, names the household's luck
    village: Any  # int32, index within the run
    weight: Any  # float64, persons, mean one
    size: Any
    land: Any
    skill: Any  # at the start, as all that a state of the same name goes on from
    wages: Any  # yearly wages with all paid work that is found, lines
    other: Any  # yearly, lines
    type_at: Any  # int32, the lower type corner: cell of skill times n_other plus cell of other
    land_at: Any  # int32, its land node
    skill_place: Any
    other_place: Any
    is_eligible: Any  # int32
    reach: Any  # (A, n) int32, the lists that reach it in each arm
    type_kind: Any  # int32, kind of its type without programmes
    quintile: Any  # int32, of survey income
    panel_row: Any  # int32, -1 outside the panel
    assets: Any  # lines
    savings: Any
    technique: Any  # int32, in the ground
    knowledge: Any  # int32
    confidence: Any  # int32
    participation: Any
    age: Any  # of the head, years
    school: Any  # of the head, years
    child_health: Any
    child_school: Any  # years
    consumption: Any  # of the year before the start, lines


class State(NamedTuple):
    """What a period changes; arrays (block,), reused. Float32 unless said otherwise; 4 bytes each."""

    assets: Any
    savings: Any
    technique: Any  # int32
    knowledge: Any  # int32
    confidence: Any  # int32, 1 believes the improved technique's true return
    participation: Any  # in the village's pool, share
    age: Any
    skill: Any
    wages: Any
    type_at: Any  # int32
    skill_place: Any
    school: Any  # years of the head
    generation: Any  # int32, successions so far
    child_health: Any  # 0 to 1, complete at five years of age
    child_school: Any  # years so far
    is_enrolled: Any  # int32, this year
    child_pay: Any  # what children out of school earn a period, lines per member
    crop: Any  # own output of the crop year relative to ordinary, so far
    consumption_last: Any  # of the last full year
    lived: Any  # consumption of the generation added up; after the succession the log of the parent's mean
    lived_heir: Any  # consumption of the first heir added up
    income_year: Any
    consumption_year: Any
    spell: Any  # int32, plantings in a row above the threshold (positive) or below it (negative)
    is_destitute: Any  # int32, this year
    hungry: Any  # int32, periods of this year short of food
    is_from_threshold: Any  # int32, at the crossing the old knowledge would not have sufficed
    own_year: Any  # own output less outlay this year, lines
    output_year: Any  # own output before outlay this year, lines
    wages_year: Any  # this year, lines
    estate_left: Any  # assets and savings that left the dynasty at succession this year, lines
    pooled_year: Any  # got from the pool less paid in this year, lines
    sold_year: Any  # raised by selling assets in need this year, lines
    lean: Any  # consumption of the lean season as a yearly rate


class Scratch(NamedTuple):
    """Within a period; arrays (block,), reused."""

    harvest: Any  # (1, block), or (P + 1, block) where one draw serves all arms and worlds
    wage: Any  # so too
    bill: Any
    survive: Any
    drought: Any
    severity: Any
    money: Any
    income: Any
    consumption: Any
    earned: Any  # own output and wages, lines
    food: Any  # share of food in consumption
    reach: Any  # int32, index of what the arm delivers
    own_factor: Any  # terms of the programme, as in `Scenario`
    input_help: Any
    outlay_keep: Any
    return_save: Any
    return_borrow: Any
    credit_limit: Any
    amount: Any  # int64, fixed-point: what each household adds to its village
    running: Any  # int64, amounts up to the household
    share_before: Any  # float64, of its village's pot that is paid out up to the household before
    share_upto: Any  # float64, up to the household
    village_at: Any  # int32, number of its village in the block
    village_last: Any  # int32, last household of each village
    village_sum: Any  # int64, of amounts
    village_persons: Any  # int64, fixed-point
    is_heir: Any  # int32, succession this year
    few: Any  # int32, households to whom something rare happens
    start: Any  # int32, class at the start
    began_above: Any  # int32, above the threshold at the start
    twin: Any  # (n_years, block) yearly consumption of the unshocked twin
    twin_heir: Any  # (5, block) first heir under none: assets, savings, school, health, belief
    last_below: Any  # int32
    pattern: Any  # (2, block) int32


class Tables(NamedTuple):
    """Policies as flat float32 arrays, and the grids they stand on."""

    plans: Any
    choice: Any
    escape: Any
    kinds: Any  # int32, kinds of types by land, mind, skill and other income
    skill_nodes: Any  # log2
    assets: Any  # Grid
    money: Any  # Grid
    n_skill: Any  # int32
    n_other: Any
    n_land: Any
    n_minds: Any
    n_assets: Any
    n_money: Any


class Scenario(NamedTuple):
    """What arms deliver and what strikes. A arms, W worlds, P periods, L lists (`primitives.N_LISTS`)."""

    slot: Any  # (A, P, L) int32, slot of plans
    transfer: Any  # (A, W, P, L) lines per member
    transfer_household: Any  # (A, W, P, L) lines per household
    conditional: Any  # (A, P, L) lines per member, unless a child of school age is out of school
    conditional_household: Any  # (A, P, L) lines per household, as well
    per_child: Any  # (A, P, L) lines per household with a child under age
    per_pupil: Any  # (A, P, L) lines per household with a child at school
    at_stake: Any  # (A, P, L) what hangs on school, as families see it: lines per member and year
    pupil_stake: Any  # (A, P, L) the same: lines per household and year
    grant: Any  # (A, P, L) assets, lines per member
    grant_household: Any  # (A, P, L)
    training: Any  # (A, P, L) probability to learn
    coaching: Any  # (A, P, L) probability to gain confidence
    participation: Any  # (A, P, L) rise
    own_factor: Any  # (A, P + 1, L) on the price of own output; row 0 is the life before the start
    input_help: Any  # (A, P + 1, L) off the improved outlay, lines per year
    outlay_keep: Any  # (A, P + 1, L) share of an outlay that the household pays
    return_save: Any  # (A, P + 1, L) gross, per period
    return_borrow: Any  # (A, P + 1, L)
    credit_limit: Any  # (A, P + 1, L)
    is_given: Any  # (A, W, P) int32, whether anything unconditional is handed over
    is_conditional: Any  # (A, P) int32, whether anything hangs on school
    is_new_terms: Any  # (A, P) int32, whether terms differ from the period before
    channels_off: Any  # (A,) int32, bits of `primitives.CHANNELS`
    entrants: Any  # (A,) share of the hit and not listed that is taken in after a shock
    pattern_bit: Any  # (A,) int32, -1 for arms outside the four
    own_loss: Any  # (W, P)
    wage_loss: Any
    other_loss: Any
    asset_loss: Any
    price: Any
    school_closed: Any  # (W, Y) share of the year
    share_hit: Any  # scalar
    shock_year: Any  # int32, the year in which the shock starts
    horizon: Any  # (Y,) int32, index of the horizon that ends with this year, -1 for none
    escape_years: Any  # int32


class Sums(NamedTuple):
    """Fixed-point sums, int64; O outcomes, G groups (0 eligible), B bins, M moments of heirs."""

    year: Any  # (A, W, R, Y, G, O)
    village: Any  # (A, W, H, G, O, V), over replicates
    period: Any  # (A, W, R, P, G, 2)
    histogram: Any  # (A, W, H, 2, B), over replicates: income, consumption
    mobility: Any  # (A, W, 5, B), over replicates
    pattern: Any  # (W, R, 16)
    start: Any  # (R, 5)
    recovery: Any  # (A, R, Y + 1)
    heir: Any  # (A, W, R, G, M)
    heir_joint: Any  # (A, W, N, N), over replicates: parent's and heir's mean consumption
    heir_class: Any  # (A, W, R, G, 5, 5) class at the start and at the end
    panel: Any  # (A, W, rows, Y, 5) float32: income, consumption, assets, savings, technique
    status: Any  # (2,) int64: yearly numbers not finite or out of all proportion; what pools lost or made
