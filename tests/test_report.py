import re

import numpy as np
import pytest

import synthetic_results
from resilience_sim.cli import compose
from resilience_sim.outcomes import tables
from resilience_sim.report import console

NUMBER = re.compile(r"-?\d+\.\d+|-?\d+")


@pytest.fixture(scope="module")
def config():
    return compose(["case=erewhon", "replicates=3", "horizon_years=6"])


@pytest.fixture(scope="module")
def made():
    return synthetic_results.results()


@pytest.fixture(scope="module")
def frames(made):
    return tables(made, "erewhon")


@pytest.fixture(scope="module")
def text(made, frames, config):
    return console(made, frames, config)


def section(text, title, world=None):
    """Lines of the section that opens with `title`, from the heading of `world` to the next gap."""
    part = next(part for part in re.split(r"\n\n(?=\S)", text) if part.startswith(title))
    if world is None:
        return part.splitlines()
    block = next(block for block in part.split("\n\n") if block.lstrip().startswith(world))
    return block.splitlines()


def value(table, column="estimate", **at):
    for name, wanted in at.items():
        table = table[table[name] == wanted]
    assert len(table) == 1
    return table[column].iloc[0]


def numbers(line):
    return [float(found) for found in NUMBER.findall(line)]


def test_no_line_is_longer_than_the_page(text):
    assert max(map(len, text.splitlines())) <= 100
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_every_table_names_its_unit(text):
    for title in (
        "Poverty",
        "Do both",
        "Interaction by",
        "Trapped",
        "Who needed",
        "The shock",
        "Cost",
    ):
        head = " ".join(section(text, title)[:6])
        assert re.search(r"percent|poverty lines", head), title


def test_header_tells_what_was_run(text):
    for word in ("case erewhon", "covid_like", "60 households", "297 persons", "seed 1",
                 "3 replicates", "6 years", "solve 4.0"):  # fmt: skip
        assert word in text.split("=====")[0]


@pytest.mark.parametrize(
    ("world", "heading"), [("none", "without shock"), ("covid_like", "with covid")]
)
def test_poverty_printed_is_poverty_tabulated(text, frames, world, heading):
    lines = section(text, "Poverty", heading)[1:]
    rows = [(arm, m) for arm in synthetic_results.ARMS for m in ("headcount", "gap", "severity")]
    for line, (arm, measure) in zip(lines, rows, strict=True):
        expected = []
        for year in (2, 5):
            at = {
                "arm": arm, "shock": world, "measure": measure, "of": "consumption",
                "horizon_years": year,
            }  # fmt: skip
            expected += [
                100 * value(frames["poverty"], column, **at)
                for column in ("estimate", "se_luck", "se_sample")
            ]
        assert numbers(line) == pytest.approx(expected, abs=0.051)


def test_complementarity_printed_is_complementarity_tabulated(text, frames):
    lines = section(text, "Do both", "without shock")[2:]
    effects = frames["effects"]
    effects = effects[(effects.shock == "none") & (effects.horizon_months == 60)]
    for name, line in (("consumption", lines[3]), ("escaped", lines[9])):
        is_money = name == "consumption"
        rows = effects[(effects.outcome == name) & effects.unit.isin(["level", "pp"])]
        found = {"comparison": "interaction"}
        expected = [5, value(rows, "control_mean", **found) * (1 if is_money else 100)]
        for arm in ("cash", "productive", "both"):
            expected.append(value(rows, arm=arm, comparison="control"))
        for other in ("cash", "productive"):
            expected.append(value(rows, comparison=other))
        expected += [
            value(rows, column, **found) for column in ("estimate", "se_luck", "se_sample")
        ]
        if is_money:
            points = effects[(effects.outcome == name) & (effects.unit == "percent")]
            expected.append(value(points, **found))
        expected.append(value(rows, "share_above_zero", **found))
        assert numbers(line) == pytest.approx(expected, abs=0.0051 if is_money else 0.051)


def test_shock_printed_is_shock_tabulated(text, frames):
    line = next(line for line in section(text, "The shock", "covid") if line.startswith("  both"))
    table = frames["resilience"]
    at = {"arm": "both"}
    expected = [
        100 * value(table, measure="depth", **at),
        100 * value(table, "se_luck", measure="depth", **at),
        value(table, measure="months_to_trough", **at),
        value(table, measure="months_to_recover", **at),
        value(table, "se_luck", measure="months_to_recover", **at),
        value(table, measure="area_lost", **at),
        *(
            100 * value(table, measure=measure, **at)
            for measure in (
                "never_below", "back_within_1_years", "back_within_2_years",
                "back_within_5_years", "never_back",
            )
        ),
        100 * value(table, "se_luck", measure="never_back", **at),
    ]  # fmt: skip
    assert numbers(line) == pytest.approx(expected, abs=0.051)


def test_needs_and_costs_printed_are_those_tabulated(text, frames):
    needed = section(text, "Who needed", "without shock")
    line = next(line for line in needed if "only both" in line)
    assert numbers(line) == [4.0, 1.0, 4.0, 1.0]
    costs = section(text, "Cost", "lines per member")
    assert costs[-1].split() == ["both", "0.450", "45,000"]
    line = section(text, "Cost", "without shock")[-2]
    at = {"arm": "both", "shock": "none", "measure": "cost_per_escape", "horizon_years": 5}
    assert numbers(line)[3] == pytest.approx(value(frames["costs"], **at), abs=0.0051)


def test_beliefs_are_shown_by_hazard(text):
    lines = section(text, "Interaction by")
    assert any("hazard 0.2" in line for line in lines)
    assert numbers(lines[-1]) == [4.0, 1.0] * 3


def test_words_do_not_oversell(text):
    said = " ".join(section(text, "What this says")).replace("  ", " ")
    assert "in this model together more than the sum" in said
    assert "not how sure the world is" in said


@pytest.mark.parametrize(
    ("shift", "verdict"), [(-1.0, "less than the sum"), (None, "not distinguishable from the sum")]
)
def test_verdict_follows_the_interval(config, shift, verdict):
    made = synthetic_results.results()
    if shift is None:
        made.year_mean[3] = made.year_mean[1] + made.year_mean[2] - made.year_mean[0]
    else:
        made.year_mean[3] += shift
    assert verdict in " ".join(console(made, tables(made), config).split())


def test_one_replicate_is_said_to_leave_luck_unknown(config):
    made = synthetic_results.results(n_replicates=1)
    alone = compose(["case=erewhon", "replicates=1"])
    text = console(made, tables(made), alone)
    assert "luck is unknown" in " ".join(text.split())
    assert "(-; " in text


def test_files_and_the_next_command_close_the_text(made, frames, config, tmp_path):
    text = console(made, frames, config, tmp_path, [tmp_path / "effects.parquet"])
    assert "effects.parquet" in text
    commands = [line.strip() for line in text.splitlines() if "resilience-sim run" in line]
    assert commands
    for command in commands:
        assert compose(command.split()[2:]).case_name == "erewhon"


def test_extremes_stay_on_the_page(config):
    made = synthetic_results.results(
        arms=("none", "cash", "productive", "both", "an_arm_with_a_very_long_name"),
        worlds=("none", "a_shock_with_a_really_long_name"),
        cost_per_household=np.array([0, 1e4, 2e5, 3e6, 1.0]),
        cost_per_household_currency=np.array([0, 1e9, 2e9, 3e9, 1.0]),
        n_persons=12_345_678.9,
    )
    for field in ("year_mean", "village_sum", "period_mean", "histogram", "mobility", "recovery"):
        values = getattr(made, field)
        setattr(made, field, np.concatenate([values, values[:1]]))
    made.year_mean[..., :5] *= -1234.5
    made.village_sum *= 1e5
    text = console(made, tables(made), config)
    assert max(map(len, text.splitlines())) <= 100
    assert "Arms minus none" in text
    assert "an_arm_wi…" in text


def test_a_run_of_one_arm_without_shock_prints(config):
    made = synthetic_results.results(arms=("none",), worlds=("none",), belief=())
    full = synthetic_results.results()
    for field in ("year_mean", "village_sum", "period_mean", "histogram", "mobility"):
        setattr(made, field, getattr(full, field)[:1, :1])
    made.cost_per_household = full.cost_per_household[:1]
    made.cost_per_household_currency = full.cost_per_household_currency[:1]
    text = console(made, tables(made), config)
    assert "no shock" in text
    assert "Do both" not in text
    assert "Poverty" in text


def test_more_than_four_horizons_take_a_second_block(config):
    made = synthetic_results.results(horizons_years=(1, 2, 3, 4, 5))
    made.village_sum = np.repeat(made.village_sum[:, :, :1], 5, axis=2)
    made.histogram = np.repeat(made.histogram[:, :, :1], 6, axis=2)
    text = console(made, tables(made), config)
    assert max(map(len, text.splitlines())) <= 100
    assert len([line for line in section(text, "Poverty") if "without shock" in line]) == 2
