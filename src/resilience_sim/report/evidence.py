"""Reported effects as printed: what each is, how far it may be missed, and what in the model represents it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from resilience_sim.evidence import Role, Target
from resilience_sim.report.page import fit, in_order, title, wrapped

UNITS = {"percent": "%", "pp": "points", "sd": "sd", "level": "level"}
SIGNS = {1.0: "positive", 0.0: "none", -1.0: "negative"}
WEIGHTS = {"high": "high", "medium": "med.", "low": "low"}
ESTIMANDS = {"treated": "on", "intention": "all", "not said": "?"}
SHORT = {"productive": "prod.", "control": "none"}
NOT_REPRESENTED = "-"


def evidence_section(targets: Sequence[Target]) -> list[str]:
    """Lines on reported effects, case by case, and on those that the model has no outcome for."""
    lines = title(
        "Reported effects, and the outcome of the model that represents each",
        "Reported ± tolerance: the standard error, or what stands for it. A sign of none means inside "
        "2 percent, 1 point or 0.05 standard deviations. Then months, weight, and on whom: on the treated, "
        "on all who could have been, or ? where nobody says. prior, conflict: shown, not fitted.",
    )
    for case in in_order(target.case_id for target in targets):
        rows = [target for target in targets if target.case_id == case]
        lines += ["", f"{case}: {_counted(rows)}"]
        lines += [_line(target) for target in rows]
    return lines + _missing([target for target in targets if not target.is_represented])


def _line(target: Target) -> str:
    reported = (
        f"{target.value:+g} ±{target.tolerance:g} {UNITS[target.metric]}"
        if target.is_number
        else f"sign: {SIGNS[target.value]}"
    )
    measure = f"{'less ' if target.sign < 0 else ''}{target.measure}" or NOT_REPRESENTED
    told = f"{measure}{', shock' if target.table == 'shock' else ''}"
    role = "" if target.role is Role.FIT else f" {target.role}"
    return (
        f"  {target.target_id} {_contrast(target):14} {fit(target.outcome, 20):20} {reported:19} "
        f"{target.horizon_months:3} {WEIGHTS[target.weight]:4} {ESTIMANDS[target.estimand]:4} {told}{role}"
    )


def _contrast(target: Target) -> str:
    if target.comparison == "interaction":
        return target.comparison
    if target.arm == "coaching_added":
        return target.arm
    return (
        f"{SHORT.get(target.arm, target.arm)} - {SHORT.get(target.comparison, target.comparison)}"
    )


def _counted(rows: Sequence[Target]) -> str:
    fitted = [target for target in rows if target.role is Role.FIT]
    shown = sum(target.is_represented for target in rows)
    numbers = sum(target.is_number for target in fitted)
    return (
        f"{len(rows)} targets, {shown} represented; to fit {len(fitted)}, of which {numbers} numbers "
        f"and {len(fitted) - numbers} signs"
    )


def _missing(rows: Iterable[Target]) -> list[str]:
    told = [
        line
        for target in rows
        for line in wrapped(f"{_name(target)}: {target.because}.", "  ", "      ")
    ]
    return (
        ["", "No outcome of the model represents these; they count as misses", *told]
        if told
        else []
    )


def _name(target: Target) -> str:
    return f"{target.target_id} {target.outcome}"
