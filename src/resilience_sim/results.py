"""What a run gives back: arrays with named axes, in lines and shares of persons."""

from dataclasses import dataclass, field

import numpy as np

GROUPS = ("eligible", "not eligible")
STANDARD_ARMS = ("none", "cash", "productive", "both")
PANEL_COLUMNS = ("income", "consumption", "assets", "savings", "technique")


@dataclass(frozen=True)
class BeliefResult:
    """Complementarity for one belief about the end of cash, on a subsample."""

    hazard: float
    """Believed chance per year that cash ends."""
    n_households: int
    horizon_years: int
    interaction: dict[str, tuple[float, float, float]]
    """Outcome -> level, percent of the control mean, share of replicates above zero."""


@dataclass(frozen=True)
class ChannelResult:
    """What heirs have of a programme, with channels to them switched off, on a subsample.

    A channel that is off gives the heir what its twin under none has at the succession.
    """

    arms: tuple[str, ...]
    """Arms other than none that were looked at."""
    variants: tuple[str, ...]
    """"none off", then each channel off alone, then "all off"."""
    moments: np.ndarray
    """(n_arms, n_variants, R, M) sums over the eligible, as `Results.heir_moments`."""
    control: np.ndarray
    """(R, M) the same under none."""
    n_households: int


@dataclass(frozen=True)
class ListResult:
    """Who the two lists hold, in persons of the population: shares, decimals."""

    name: str
    """social, productive, or both (on the two)."""
    coverage: float
    """Listed, of all persons."""
    inclusion_error: float
    """Not poor, of the listed."""
    exclusion_error: float
    """Not listed, of the poor."""


@dataclass(frozen=True)
class Results:
    """What was simulated. A arms, W worlds, R replicates, Y years, P periods, H horizons, G groups, V villages.

    Shares and means are weighted by persons. Money in lines, flows per year. `outcomes` and
    `period_outcomes` name the last axes.
    """

    case_name: str
    arms: tuple[str, ...]
    worlds: tuple[str, ...]
    outcomes: tuple[str, ...]
    period_outcomes: tuple[str, ...]
    groups: tuple[str, ...]
    horizons_years: tuple[int, ...]
    periods_per_year: int
    seed: int
    n_households: int
    n_eligible: int
    n_persons: float
    """Persons the households stand for."""
    mean_size: float
    """Persons per household, weighted."""
    group_weight: np.ndarray
    """(G,) persons, in weights of mean one."""
    village_weight: np.ndarray
    """(G, V) persons, in weights of mean one."""
    village_stratum: np.ndarray
    """(V,) int32."""
    year_mean: np.ndarray
    """(A, W, R, Y, G, O); NaN for an empty group."""
    village_sum: np.ndarray
    """(A, W, H, G, O, V) weighted sums, mean over replicates."""
    period_mean: np.ndarray
    """(A, W, R, P, G, 2) yearly rates of consumption and income."""
    histogram: np.ndarray
    """(A, W, H + 1, 2, B) persons by income (0) and consumption (1); first on H: the survey's income."""
    bin_edges: np.ndarray
    """(B + 1,) lines per year; the ends take what lies beyond."""
    mobility: np.ndarray
    """(A, W, 5, B) persons by quintile of survey income and bin of consumption in the last year."""
    patterns: np.ndarray
    """(W, R, 16) share of persons trapped or with no way up at the start; bits none, cash, productive, both."""
    start_share: np.ndarray
    """(R, 5) share of persons by class at the start."""
    start_class_names: tuple[str, ...]
    recovery: np.ndarray
    """(A, R, years since the shock + 1) share of eligible persons by the last year since the shock started in
    which they ate under 95 % of their twin; 0 never, the last column the run's last year."""
    shock_start_period: int
    cost: np.ndarray
    """(A,) lines per eligible member over the whole programme."""
    heir_moments: np.ndarray
    """(A, W, R, G, M) weighted sums over heirs, in the order of `primitives.HEIR_MOMENTS`."""
    heir_joint: np.ndarray
    """(A, W, N, N) persons by log2 bin of the parent's and of the heir's mean consumption, four a doubling."""
    heir_class: np.ndarray
    """(A, W, R, G, 5, 5) persons by class at the start and, after a succession, at the end."""
    channels: ChannelResult | None
    """Effects on heirs by channel; None where none were asked for."""
    lists: tuple[ListResult, ...]
    """Who is on the lists of the two programmes: social, productive, both."""
    coordination: str
    """Name of the world of coordination that was lived beside the one without; off where none was."""
    is_synthetic_demography: bool
    """Whether ages and schooling were imputed."""
    line_currency_per_year: float
    """One line in survey currency, per person and year; 12 where money is in lines already."""
    beliefs: tuple[BeliefResult, ...]
    thresholds: dict[str, np.ndarray]
    """Planner types as columns of equal length: what they are, their class, thresholds and rests."""
    panel: dict[str, np.ndarray] | None
    """Columns of equal length: id, arm, shock, year and PANEL_COLUMNS of replicate 0; None unless asked for."""
    notes: tuple[str, ...]
    """How the population came about."""
    seconds: dict[str, float]
    """Wall time by stage."""
    has_policies_from_before: bool = False
    """Whether policies were kept from an earlier run; they are the same to the bit."""
    motion: dict[str, np.ndarray] = field(default_factory=dict)
    """Of each kind the type most lived: assets some years on under ordinary luck; columns of equal length."""
    chances: dict[str, np.ndarray] = field(default_factory=dict)
    """The same types: escape probability over assets and money at planting."""
