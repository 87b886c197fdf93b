import re
from dataclasses import replace

import numpy as np
import pytest

import synthetic_results
from resilience_sim.cli import compose
from resilience_sim.kernels.primitives import CLASS_NAMES, TYPE_NAMES
from resilience_sim.outcomes import tables
from resilience_sim.report import console
from resilience_sim.report.page import cell, error, interval_words, number, told_horizons
from resilience_sim.report.traps import MEANING, TRAP

NUMBER = re.compile(r"-?\d*\.\d+|-?\d+")
LIVES = ("year_mean", "village_sum", "period_mean", "histogram", "mobility", "recovery")


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


def section(text, title):
    """Lines of the section that opens with `title`."""
    return next(part for part in text.split("\n\n") if part.startswith(title)).splitlines()


def lines_after(lines, head):
    """Lines after the first one that opens, indented, with `head`."""
    at = next(i for i, line in enumerate(lines) if line.strip().startswith(head))
    return lines[at + 1 :]


def value(table, column="estimate", **at):
    for name, wanted in at.items():
        table = table[table[name] == wanted]
    assert len(table) == 1
    return table[column].iloc[0]


def numbers(line):
    return [float(found) for found in NUMBER.findall(line)]


def said(text, title):
    """What a section says at its end, in one line."""
    lines = section(text, title)
    at = next(i for i, line in enumerate(lines) if line.startswith("  => "))
    return " ".join(line.strip() for line in lines[at:])


def test_no_line_is_longer_than_the_page(text):
    assert max(map(len, text.splitlines())) <= 100
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_every_table_names_its_unit_and_says_what_it_found(text):
    for title in ("Poverty", "Do both", "The same", "Who is", "Who needed", "The shock", "Cost"):
        head = " ".join(section(text, title)[:3])
        assert re.search(r"percent|poverty lines|Lines and %", head), title
        assert said(text, title).startswith("=> "), title


def test_header_tells_what_was_run(text):
    for word in ("case erewhon", "covid_like", "60 households", "45 eligible", "297 persons",
                 "seed 1", "3 replicates", "6 years", "hazard 0.2"):  # fmt: skip
        assert word in text.split("=====")[0].replace("\n", " ")
    assert "policies 4.0" in section(text, "Seconds")[0]


@pytest.mark.parametrize(("world", "heading"), [("none", "no shock"), ("covid_like", "covid_like")])
def test_poverty_printed_is_poverty_tabulated(text, frames, world, heading):
    lines = lines_after(section(text, "Poverty"), heading)
    for line, arm in zip(lines, synthetic_results.ARMS, strict=False):
        expected = []
        for year in (2, 5):
            for measure in ("headcount", "gap", "severity"):
                at = {"arm": arm, "shock": world, "measure": measure, "of": "consumption"}
                expected += [
                    100 * value(frames["poverty"], column, horizon_years=year, **at)
                    for column in ("estimate", "se_luck", "se_sample")
                ]
        assert line.startswith(f"  {arm} ")
        assert numbers(line) == pytest.approx(expected, abs=0.051)


def test_poverty_says_what_the_effects_say(text, frames):
    at = {"outcome": "poor", "comparison": "control", "arm": "both", "shock": "none"}
    found = value(frames["effects"], horizon_months=60, **at)
    assert f"after 5 years by {found:.1f} points" in said(text, "Poverty")


@pytest.mark.parametrize("outcome", ["income", "consumption", "improved", "escaped"])
def test_complementarity_printed_is_complementarity_tabulated(text, frames, outcome):
    line = next(
        line for line in section(text, "Do both") if line.startswith(f"  {outcome:<11}")
    )  # the first horizon from five years on, here the last too
    is_money = outcome in ("income", "consumption")
    effects = frames["effects"]
    effects = effects[(effects.outcome == outcome) & (effects.horizon_months == 60)]
    rows = effects[effects.unit.isin(["level", "pp"])]
    found = {"comparison": "interaction"}
    calm, shocked = rows[rows.shock == "none"], rows[rows.shock == "covid_like"]
    expected = [5, value(calm, "control_mean", **found) * (1 if is_money else 100)]
    expected += [
        value(calm, arm=arm, comparison="control") for arm in ("cash", "productive", "both")
    ]
    columns = ("estimate", "se_luck", "se_sample")
    expected += [value(calm, column, **found) for column in columns]
    if is_money:
        points = effects[(effects.shock == "none") & (effects.unit == "percent")]
        expected.append(value(points, **found))
    expected.append(value(calm, "share_above_zero", **found))
    expected += [value(shocked, column, **found) for column in columns]
    assert numbers(line) == pytest.approx(expected, abs=0.0051 if is_money else 0.051)


def test_an_outcome_nobody_has_takes_one_line(config):
    made = synthetic_results.results()
    o = made.outcomes.index("escaped")
    made.year_mean[..., o] = 0.0
    made.village_sum[..., o, :] = 0.0
    lines = section(console(made, tables(made), config), "Do both")
    assert [line for line in lines if "escaped" in line] == [
        "  escaped    nobody in any arm, year or world"
    ]


def test_shock_printed_is_shock_tabulated(text, frames):
    line = next(line for line in section(text, "The shock") if line.startswith("  both"))
    table = frames["resilience"]
    at = {"arm": "both"}
    expected = [
        100 * value(table, measure="depth", **at),
        100 * value(table, "se_luck", measure="depth", **at),
        value(table, measure="months_to_trough", **at),
        value(table, measure="months_to_recover", **at),
        value(table, "se_luck", measure="months_to_recover", **at),
        value(table, measure="area_lost", **at),
        value(table, "se_luck", measure="area_lost", **at),
        *(
            100 * value(table, measure=measure, **at)
            for measure in ("never_below", "back_within_1_years", "back_within_2_years")
        ),
        100 * value(table, measure="never_back", **at),
        100 * value(table, "se_luck", measure="never_back", **at),
    ]
    assert numbers(line) == pytest.approx(expected, abs=0.051)
    assert "- back within 5 years: the run is too short" in " ".join(section(text, "The shock"))


def test_classes_are_explained_and_escapes_are_those_tabulated(text, frames, made):
    lines = section(text, "Who is")
    for i, name in enumerate(made.start_class_names):
        line = next(line for line in lines if f" {name}: " in line)
        assert numbers(line)[0] == pytest.approx(100 * made.start_share[:, i].mean(), abs=0.051)
    assert "  Planner types with two rests: 1 of 2, thresholds at 1.50 lines of assets." in lines
    line = next(line for line in lines if line.startswith("  both"))
    expected = [
        100 * value(frames["escape"], column, arm="both", shock=world, measure=of, horizon_years=5)
        for world in made.worlds
        for of in ("escapes", "lifted", "falls")
        for column in ("estimate", "se_luck", "se_sample")
    ]
    assert numbers(line) == pytest.approx(expected, abs=0.51)


def test_every_class_and_kind_of_the_kernel_is_known():
    assert set(MEANING) == {name.replace(" ", "_") for name in CLASS_NAMES}
    assert TRAP in TYPE_NAMES


def test_nobody_trapped_is_said(config):
    nobody = synthetic_results.results(start_share=np.tile([0.8, 0.0, 0.2, 0.0, 0.0], (3, 1)))
    text = console(nobody, tables(nobody), config)
    assert "Nobody began trapped" in said(text, "Who is")


def test_needs_and_costs_printed_are_those_tabulated(text, frames):
    needed = section(text, "Who needed")
    line = next(line for line in needed if line.startswith("  no shock"))
    # anyway, cash alone, productive alone, either, only both, never, hurt, each with its error.
    assert numbers(line)[8:10] == [4.0, 1.0]
    assert numbers(line)[0::2] == pytest.approx([9, 10, 15, 20, 4, 41, 1])
    lines = section(text, "Cost")
    both = next(line for line in lines if line.startswith("  both"))
    assert both.split()[1:4] == ["0.450", "1.800", "21,600"]
    assert "per escape (" in " ".join(lines), "a price that is missing has its reason"


def test_prices_printed_are_those_tabulated(config):
    made = synthetic_results.results(n_replicates=12)
    frames = tables(made)
    lines = section(console(made, frames, config), "Cost")
    both = next(line for line in lines if line.startswith("  both"))
    at = {"arm": "both", "shock": "none", "measure": "cost_per_poor", "horizon_years": 5}
    columns = ("estimate", "se_luck", "se_sample")
    expected = [value(frames["costs"], column, **at) for column in columns]
    assert numbers(both)[-3:] == pytest.approx(expected, abs=0.051)


def test_without_currency_costs_are_told_in_lines_alone(config):
    made = synthetic_results.results(line_currency_per_year=12.0)
    lines = section(console(made, tables(made), config), "Cost")
    assert not any("currency" in line for line in lines)
    both = next(line for line in lines if line.startswith("  both"))
    assert both.split()[1:3] == ["0.450", "1.800"]


def test_beliefs_are_shown_by_hazard(text, frames):
    lines = section(text, "The same")
    assert any("0.2: level" in line for line in lines)
    for outcome, expected in (
        ("consumption", [0.03, 2.5, 1.0]),
        ("assets", [-0.02, -1.5, 0.0]),
        ("improved", [1.2, 0.67]),
        ("escaped", [0.0, 0.0]),
    ):
        line = next(line for line in lines if line.startswith(f"  {outcome} "))
        assert numbers(line) == pytest.approx(expected * 3)
    at = {"comparison": "interaction", "shock": "none", "unit": "percent", "horizon_months": 60}
    whole = value(frames["effects"], outcome="consumption", **at)
    assert f"All households, at 0.2, give {whole:.2f} %" in said(text, "The same")


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [
        (1.0, "in this model more than the sum"),
        (-1.0, "in this model less than the sum"),
        (0.0, "not distinguishable from the sum"),
    ],
)
def test_verdict_follows_the_interval(config, shift, verdict):
    made = synthetic_results.results()
    made.year_mean[3] = made.year_mean[1] + made.year_mean[2] - made.year_mean[0] + shift
    text = console(made, tables(made), config)
    assert verdict in said(text, "Do both")
    assert ("contains zero" in said(text, "Do both").split(" such intervals")[0]) == (shift == 0)


def test_intervals_are_counted_by_where_they_lie(config):
    made = synthetic_results.results(n_replicates=1)
    made.year_mean[3] = made.year_mean[1] + made.year_mean[2] - made.year_mean[0] + 9.0
    made.village_sum[:] = 0.0
    told = said(console(made, tables(made), config), "Do both")
    # Five outcomes, two years, two worlds; with no error at all every interval is a point.
    assert "Of 0 such intervals" in told
    made.village_sum[:] = synthetic_results.results().village_sum
    told = said(console(made, tables(made), config), "Do both")
    assert "Of 20 such intervals" in told and "20 lie above zero, 0 below" in told


def test_words_do_not_oversell(text):
    caution = " ".join(section(text, "Intervals join"))
    assert "not how sure the world is" in caution
    assert ">0 is about luck only" in caution


def test_notes_are_told_within_the_page(text):
    notes = section(text, "How the population")
    assert "Everything here is made up. savings: none." in " ".join(notes)


def test_one_replicate_is_said_to_leave_luck_unknown():
    made = synthetic_results.results(n_replicates=1)
    text = console(made, tables(made), compose(["case=erewhon", "replicates=1"]))
    assert "luck is unknown" in " ".join(text.split())
    assert "±-/" in text


def test_files_and_the_next_command_close_the_text(made, frames, config, tmp_path):
    written = [tmp_path / name for name in ("config.yaml", "effects.parquet", "manifest.json")]
    text = console(made, frames, config, tmp_path, written)
    last = "\n".join(text.splitlines()[-7:])
    assert f"Files in {tmp_path}" in last
    assert "config.yaml, manifest.json; as .parquet effects" in last
    commands = [line.strip() for line in text.splitlines() if "resilience-sim run" in line]
    assert text.endswith(f"{commands[-1]}\n")
    for command in commands:
        assert compose(command.split()[2:]).case_name == "erewhon"


def test_extremes_stay_on_the_page(config):
    made = synthetic_results.results()
    long = "a_shock_with_a_really_long_name"
    wide = {name: np.concatenate([getattr(made, name), getattr(made, name)[:1]]) for name in LIVES}
    made = replace(
        made,
        arms=(*made.arms, "an_arm_with_a_very_long_name"),
        worlds=("none", long),
        cost=np.array([0, 1e4, 2e5, 3e6, 1.0]),
        n_persons=12_345_678.9,
        **wide,
    )
    made.year_mean[..., :5] *= -1234.5
    made.village_sum[:] *= 1e5
    text = console(made, tables(made), config)
    assert max(map(len, text.splitlines())) <= 100
    assert "Arms minus none" in text
    assert "an_arm_with…" in text


def test_a_run_of_one_arm_without_shock_prints(config):
    made = synthetic_results.one_arm()
    text = console(made, tables(made), config)
    assert "no shock" in text
    assert "Do both" not in text and "The shock" not in text and "Cost" not in text
    assert "Poverty" in text and "Who is trapped" in text


def test_arms_without_a_complete_four_are_told_against_none(config):
    made = synthetic_results.results()
    few = {name: getattr(made, name)[:2] for name in LIVES}
    made = replace(made, arms=("none", "cash"), cost=made.cost[:2], beliefs=(), **few)
    text = console(made, tables(made), config)
    assert "Do both" not in text
    lines = section(text, "Arms minus none")
    assert len([line for line in lines if line.startswith("  cash ")]) == 2
    assert "Under cash the headcount" in said(text, "Poverty")


def test_every_two_horizons_of_poverty_take_a_block(config):
    made = synthetic_results.results()
    made = replace(
        made,
        horizons_years=(1, 2, 3, 4, 5),
        village_sum=np.repeat(made.village_sum[:, :, :1], 5, axis=2),
        histogram=np.repeat(made.histogram[:, :, :1], 6, axis=2),
    )
    text = console(made, tables(made), config)
    assert max(map(len, text.splitlines())) <= 100
    assert len([x for x in section(text, "Poverty") if x.startswith("  no shock")]) == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.043, ".04"), (0.994, ".99"), (0.999, "1.0"), (1.26, "1.3"), (12.6, "13"),
     (126.4, "126"), (1264.0, "1e3"), (np.nan, "-")],
)  # fmt: skip
def test_errors_take_little_room(value, shown):
    assert error(value) == shown


def test_numbers_lose_decimals_before_they_lose_their_column():
    assert [number(x, 3, 6) for x in (0.1234, -0.00001, 12345.6, 1.2e9)] == [
        "0.123", "0.000", "12346", "1e9",
    ]  # fmt: skip


def test_cells_say_what_is_missing(frames):
    assert cell(frames["poverty"].iloc[:0], 100, 1) == "-"
    row = frames["poverty"].iloc[0].copy()
    row["estimate"] = np.nan
    assert cell(row, 100, 1) == "-"


def test_intervals_say_whether_zero_is_inside():
    assert interval_words(-1.0, 2.0, 1) == "[-1.0, 2.0], which contains zero"
    assert interval_words(0.5, 2.0, 1) == "[0.5, 2.0]"
    assert interval_words(0.004, 2.0, 1) == "[0.004, 2.000]"
    assert interval_words(np.nan, np.nan, 1) == "[unknown]"


def test_narrow_tables_tell_the_fifth_year_and_the_last():
    assert told_horizons([2, 5, 10, 40]) == [5, 40]
    assert told_horizons([1, 2]) == [1, 2]
    assert told_horizons([7]) == [7]
