"""What a run gives back: arrays with named axes, in lines and shares of persons."""

from dataclasses import dataclass

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
