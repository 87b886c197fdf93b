"""Targets and cases made up for tests of calibration: small, quick, and with a truth that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from resilience_sim.calibration.cases import STANDING
from resilience_sim.calibration.priors import Values, priors
from resilience_sim.evidence import Base, Role, Target, targets


def made_up(name: str, **fields: object) -> Target:
    """A target of weight high that is fitted, told in percent of income between both and cash at year 2."""
    common: dict[str, object] = {
        "case_id": "erewhon",
        "target_id": name,
        "metric": "percent",
        "value": 1.0,
        "tolerance": 1.0,
        "weight": "high",
        "base": Base.COMPARISON,
        "role": Role.FIT,
        "table": "effects",
        "measure": "income",
        "sign": 1,
        "contrast": "both - cash",
        "year": 2,
        "unit": "percent",
        "factor": 1.0,
        "exposure": 1.0,
    }
    return replace(targets()[0], **(common | fields))  # type: ignore[arg-type]


@dataclass
class ToyCase:
    """A case without households: each target is a known function of the parameters' scores."""

    targets: tuple[Target, ...]
    slopes: np.ndarray
    """(n_targets, n_parameters) of the straight part."""
    config: str = "toy"
    shocks: dict[str, str] = field(default_factory=dict)
    split: None = None
    n_simulated: int = 0

    @property
    def outputs(self) -> tuple[str, ...]:
        """As `Case.outputs`."""
        names = [target.target_id for target in self.targets]
        return (*names, *STANDING, *(f"{name}_added" for name in names))

    def simulate(self, structure: str, values: Values) -> np.ndarray:
        """Straight in the priors' shares, with a little bend; another structure tells another story."""
        self.n_simulated += 1
        shares = np.array([prior.shares(np.array([values[prior.name]]))[0] for prior in priors()])
        centred = np.sqrt(12.0) * (shares - 0.5)
        told = self.slopes @ centred + 0.2 * centred[0] ** 2
        if structure == "one_exponent":
            told = told + 6.0  # twice as far as a target lies from its mean before any evidence
        return np.concatenate([told, np.zeros(len(STANDING)), np.zeros(len(told))])


def toy(truth: Values, tolerance: float, n_targets: int, seed: int, name: str = "toy") -> ToyCase:
    """A toy case whose targets are what it says at the truth, off by chance as the tolerance says."""
    chance = np.random.default_rng(seed)
    slopes = chance.normal(size=(n_targets, len(priors()))) * (
        chance.random((n_targets, len(priors()))) < 0.3
    )
    blank: Sequence[Target] = [
        made_up(f"{name}{i}", case_id=name, measure=f"{name}{i}") for i in range(n_targets)
    ]
    case = ToyCase(tuple(blank), slopes, config=f"{name}{seed}")
    told = case.simulate("two_exponents", truth)[:n_targets]
    seen = told + tolerance * chance.normal(size=n_targets)
    case.targets = tuple(
        replace(target, value=float(value), tolerance=tolerance)
        for target, value in zip(blank, seen, strict=True)
    )
    case.n_simulated = 0
    return case
