import re
from dataclasses import replace

import numpy as np
import pytest

import synthetic_results
from resilience_sim.cli import compose
from resilience_sim.cli.calibrating import calibrated_cases
from resilience_sim.kernels.primitives import CLASS_NAMES, HEIR_MOMENTS, N_AT_SUCCESSION, TYPE_NAMES
from resilience_sim.outcomes import tables
from resilience_sim.report import console
from resilience_sim.report.page import cell, error, interval_words, no_sum, number, told_horizons
from resilience_sim.report.traps import MEANING, TRAP

NUMBER = re.compile(r"-?\d*\.\d+|-?\d+")


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
    for title in (
        "Poverty", "Do both", "The same", "Who is trapped", "Who needed", "What the children",
        "How a programme", "The shock", "Spillovers", "Measured", "Who is on", "Cost",
    ):  # fmt: skip
        head = " ".join(section(text, title)[:6])
        assert re.search(r"percent|poverty lines|Lines and %|index point", head), title
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
    lines = section(text, "Who is trapped")
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
    assert "Nobody began trapped" in said(text, "Who is trapped")


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
    made = synthetic_results.with_arms(
        synthetic_results.coordinated("formal", made),
        {"an_arm_with_a_very_long_name": {"none": 1.0}},
        worlds=("none", long),
        n_persons=12_345_678.9,
    )
    made.cost[:] = [0, 1e4, 2e5, 3e6, 1.0, 7.0, 1e9]
    made.year_mean[..., :5] *= -1234.5
    made.village_sum[:] *= 1e5
    for name in ("school", "health", "poor", "consumption"):
        made.heir_moments[..., HEIR_MOMENTS.index(name)] *= -1e7
        made.channels.moments[..., HEIR_MOMENTS.index(name)] *= -1e7
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
    few = {name: getattr(made, name)[:2] for name in synthetic_results.BY_ARM}
    made = replace(made, arms=("none", "cash"), beliefs=(), **few)
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


def test_an_interaction_that_is_no_sum_of_parts_is_said_to_be_no_test(config):
    arms = config.programme.arms
    assert no_sum(arms) == "" == no_sum({"none": [], "cash": ["a"]})
    less = arms | {"cash": ["more"], "small": arms["cash"]}
    told = no_sum(less)
    assert f"(it lacks more and adds {', '.join(sorted(arms['cash']))})" in told
    assert told.endswith("no test of complementarity, which is both - small - productive + none.")


def test_every_case_but_malis_tests_complementarity_by_its_own_arms():
    said = {case: no_sum(compose([f"case={case}"]).programme.arms) for case in calibrated_cases()}
    assert len(said) == 8
    assert [case for case, words in said.items() if words] == ["mali_niono_cashplus"]
    assert "both - small_cash - productive + none" in said["mali_niono_cashplus"]


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


def arm_row(lines, arm):
    return next(line for line in lines if line.startswith(f"  {arm} "))


def test_half_stands_beside_both_and_is_explained(config):
    made = synthetic_results.with_half()
    frames = tables(made)
    text = console(made, frames, config)
    lines = section(text, "Arms minus none")
    assert "half: half of each content of both" in " ".join(line.strip() for line in lines)
    at = {"comparison": "control", "shock": "none", "horizon_months": 60}
    for arm in ("both", "half"):
        expected = [
            value(frames["effects"], column, arm=arm, outcome=outcome, unit=unit, **at)
            for outcome, unit in (
                ("income", "percent"), ("consumption", "percent"), ("assets", "percent"),
                ("improved", "pp"), ("escaped", "pp"),
            )
            for column in ("estimate", "se_luck", "se_sample")
        ]  # fmt: skip
        assert numbers(arm_row(lines, arm)) == pytest.approx(expected, abs=0.051)
    assert not any(line.startswith("  cash ") for line in lines)
    told = said(text, "Arms minus none")
    assert "half has 50 % of the effect of both on consumption for 50 % of its cost" in told
    assert "Arms minus none" not in console(*without_half(made, frames), config)


def without_half(made, frames):
    """The same run and its tables without the arm half."""
    kept = [arm for arm in made.arms if arm != "half"]
    few = {name: getattr(made, name)[: len(kept)] for name in synthetic_results.BY_ARM}
    bare = replace(made, arms=tuple(kept), **few)
    return bare, tables(bare)


def test_an_arm_of_other_contents_is_not_called_a_part_of_both(config):
    made = synthetic_results.with_arms(synthetic_results.results(), {"other": {"both": 1.0}})
    lines = section(console(made, tables(made), config), "Arms minus none")
    assert "of each content" not in " ".join(lines)


def test_heirs_printed_are_heirs_tabulated(text, frames):
    lines = section(text, "What the children inherit")
    assert lines[0].endswith("(synthetic demography)")
    at = {"arm": "both", "shock": "none", "group": "all", "comparison": "level"}
    table = frames["generations"]
    expected = []
    for measure, scale in (
        ("elasticity", 1), ("rank_slope", 1), ("school_slope", 1), ("school", 1), ("health", 1),
        ("poor", 100), ("trapped_to_trapped", 100),
    ):  # fmt: skip
        expected.append(scale * value(table, measure=measure, **at))
        if measure != "rank_slope":
            expected.append(scale * value(table, "se_luck", measure=measure, **at))
    assert numbers(arm_row(lines, "both")) == pytest.approx(expected, abs=0.051)
    head = next(i for i, line in enumerate(lines) if line.startswith("  fifth"))
    for fifth in range(1, 6):
        expected = [fifth]
        for arm in ("none", "both"):
            rows = table[(table.arm == arm) & (table.shock == "none")]
            rows = rows[(rows.measure == "transition") & (rows.from_quintile == fifth)]
            expected += list(100 * rows.sort_values("to_quintile").estimate)
        assert numbers(lines[head + fifth]) == pytest.approx(expected, abs=0.051)


def test_demography_that_was_asked_for_is_not_called_synthetic(config):
    made = synthetic_results.results(is_synthetic_demography=False)
    text = console(made, tables(made), config)
    assert "synthetic demography" not in text and "are imputed" not in text


def test_persistence_is_printed_beside_six_countries_with_the_gaps(text, frames):
    lines = section(text, "What the children inherit")
    head = next(line for line in lines if "reported" in line and "Colombia" in line)
    assert head.split()[3:] == ["Colombia", "Mexico", "Peru", "Ethiopia", "Mali", "Zambia*"]
    at = lines.index(head)
    rows = frames["persistence"]
    rows = rows[(rows.measure == "school_slope") & (rows.parent == "better schooled")]
    ours = rows.estimate.iloc[0]
    assert numbers(lines[at + 1])[2:] == pytest.approx([0.468, 0.404, 0.395, 0.661, 0.68, 0.418])
    assert numbers(lines[at + 2]) == pytest.approx(list(ours - rows.reported), abs=0.00051)
    assert any(line.startswith("  * co-resident sample") for line in lines)
    assert f"goes with {ours:.2f} of the heir's" in said(text, "What the children")


@pytest.mark.parametrize(
    ("slope", "place"), [(0.3, "below all of"), (0.5, "within"), (0.9, "above all of")]
)
def test_where_ours_lies_and_how_far_from_its_own_country(made, frames, slope, place):
    mexico = compose(["case=mexico"])
    told = frames["persistence"].assign(estimate=slope)
    told["gap"] = told.estimate - told.reported
    text = console(made, {**frames, "persistence": told}, mexico)
    sentence = said(text, "What the children")
    assert f", {place} the 0.40 to 0.68 reported for 6 countries" in sentence
    assert f"; {slope - 0.404:+.2f} from Mexico." in sentence


def test_channels_printed_are_channels_tabulated(text):
    lines = section(text, "How a programme reaches")
    at = next(i for i, line in enumerate(lines) if line.startswith("  both "))
    assert lines[at].split()[1:] == [
        "effect", "assets", "school", "health", "confidence", "interaction", "remainder",
    ]  # fmt: skip
    # Planted under both: 0.20 lines and 1 year; replicates a tenth apart.
    parts = [20, 5, 3, 2, 1, 2, 7]
    found = numbers(lines[at + 1])
    assert found[0::2] == parts
    assert found[1::2] == pytest.approx([0.1 * part / np.sqrt(3) for part in parts], abs=0.051)
    assert numbers(lines[at + 3])[0::2] == [1, 0.3, 0.5, 0.1, 0, -0.1, 0.2]
    told = said(text, "How a programme")
    assert "0.200 lines" in told and "assets 25 %" in told and "remainder 35 %" in told


def test_a_split_of_nothing_is_not_told_in_shares(config):
    made = synthetic_results.results()
    made.channels.moments[:] = made.channels.control
    told = said(console(made, tables(made), config), "How a programme")
    assert "may be zero" in told and "25 %" not in told


def test_lists_printed_are_lists_tabulated(text):
    lines = section(text, "Who is on the lists")
    assert numbers(arm_row(lines, "social")) == [50, 20, 35, 60]
    assert numbers(arm_row(lines, "productive")) == [40, 30, 55, 75]
    told = said(text, "Who is on the lists")
    assert "misses 35.0 of 100 poor persons" in told
    assert "On both lists are 30.0 of 100 persons" in told and "20.0 would be" in told


def test_spillovers_printed_are_spillovers_tabulated(text, frames):
    line = arm_row(section(text, "Spillovers"), "both")
    at = {"arm": "both", "shock": "none", "horizon_months": 60}
    expected = [
        scale * value(frames["spillovers"], column, outcome=outcome, unit=unit, **at)
        for outcome, unit, scale in (
            ("consumption", "percent", 1), ("poor", "pp", 1), ("pooled", "level", 100),
            ("confident", "pp", 1), ("improved", "pp", 1),
        )
        for column in ("estimate", "se_luck", "se_sample")
    ]  # fmt: skip
    assert numbers(line) == pytest.approx(expected, abs=0.51)
    assert numbers(line)[0::3] == pytest.approx(expected[0::3], abs=0.0051)
    assert f"by {expected[0]:.2f} %" in said(text, "Spillovers")


def test_measured_printed_is_measured_tabulated_and_called_assumed(text, frames):
    lines = section(text, "Measured, loadings assumed")
    at = {"arm": "cash", "comparison": "control", "shock": "none", "horizon_months": 60}
    expected = [
        100 * value(frames["measured"], column, measure=measure, **at)
        for measure in frames["measured"].measure.unique()
        for column in ("estimate", "se_luck", "se_sample")
    ]
    assert numbers(arm_row(lines, "cash")) == pytest.approx(expected, abs=0.051)
    assert "not counted: not known" in " ".join(line.strip() for line in lines)


@pytest.fixture(scope="module")
def coordinated():
    made = synthetic_results.coordinated("formal", synthetic_results.results(n_replicates=12))
    return made, tables(made)


def test_what_coordination_is_worth_is_printed_with_bands(coordinated, config):
    made, frames = coordinated
    text = console(made, frames, config)
    lines = section(text, "What coordination is worth: formal against uncoordinated")
    assert "at the same money" in lines[0]
    table = frames["coordination"]
    columns = (
        ("uncoordinated", ("control", "level")),
        ("formal", ("control", "level")),
        ("formal", ("uncoordinated",)),
    )
    for head, measure, unit in (
        ("  poor, points", "poor", "pp"),
        ("  consumption, lines", "consumption", "level"),
        ("  escaped, points", "escaped", "pp"),
        ("  lines per poor fewer", "cost_per_poor", "level"),
    ):
        rows = table[(table.measure == measure) & (table.unit == unit) & (table.shock == "none")]
        expected = []
        for arm, comparisons in columns:
            at = rows[(rows.arm == arm) & rows.comparison.isin(comparisons)]
            assert len(at[at.horizon_years == 5]) == 1
            found = at[at.horizon_years == 5].iloc[0]
            expected += [found.estimate, found.ci_low, found.ci_high]
        line = next(line for line in lines if line.startswith(head))
        assert numbers(line) == pytest.approx(expected, abs=0.051)
    told = said(text, "What coordination")
    assert "For 0.200 against 0.200 lines per eligible member, formal differs" in told
    poor = table[(table.measure == "poor") & (table.comparison == "uncoordinated")]
    worth = value(poor, shock="none", horizon_years=5)
    assert f"in poverty by {worth:.2f} points" in told


def test_money_per_escape_is_told_once_both_worlds_have_a_price(config):
    made = synthetic_results.results(n_replicates=12)
    o = made.outcomes.index("escaped")
    made.year_mean[0, ..., o] = made.village_sum[0, ..., o, :] = 0.0
    made.year_mean[3, ..., o] = 0.2
    made.village_sum[3, ..., o, :] = 0.2 * made.village_weight
    made = synthetic_results.coordinated("formal", made)
    told = said(console(made, tables(made), config), "What coordination")
    # 0.2 lines over 0.7 and 0.4 of a fifth.
    assert "An escape costs 1.4 rather than 2.5 lines, a difference of -1.1" in told


def test_money_that_differs_is_not_called_the_same(config):
    made = synthetic_results.coordinated("formal")
    made.cost[5] *= 1.02
    heading = section(console(made, tables(made), config), "What coordination")[0]
    assert heading.endswith("formal against uncoordinated, not at the same money")


def test_worlds_of_coordination_are_told_in_their_own_section(coordinated, config):
    text = console(*coordinated, config)
    assert "Arms minus none" not in text
    for title in ("Spillovers", "Measured"):
        assert not any("uncoord" in line or "formal" in line for line in section(text, title))


def test_without_coordination_the_uncoordinated_world_stands_beside_both(config):
    made = synthetic_results.coordinated("none")
    text = console(made, tables(made), config)
    lines = section(text, "What coordination is worth: uncoordinated against both")
    assert "which reaches all eligible" in lines[0] and "same money" not in lines[0]
    assert "For 0.200 against 0.450 lines" in said(text, "What coordination")
    kept = [0, 1, 4]
    few = {name: getattr(made, name)[kept] for name in synthetic_results.BY_ARM}
    alone = replace(made, arms=("none", "cash", "uncoordinated"), beliefs=(), **few)
    text = console(alone, tables(alone), config)
    assert "nothing to compare uncoordinated with" in said(text, "What coordination")


def test_sections_of_what_was_not_lived_are_left_out(config):
    made = synthetic_results.results(channels=None, lists=())
    made = replace(made, group_weight=made.group_weight * [1, 0])
    text = console(made, tables(made), config)
    for title in ("How a programme", "Who is on", "What coordination", "Spillovers"):
        assert title not in text


def test_a_run_without_successions_says_so(config):
    made = synthetic_results.nobody_hands_over(synthetic_results.results())
    text = console(made, tables(made), config)
    assert "Nobody hands over within this run" in said(text, "What the children")
    assert "Nothing can be split: no heir and parent" in said(text, "How a programme")


def test_heirs_who_are_not_followed_are_told_as_far_as_they_are_known(config):
    made = synthetic_results.results()
    made.heir_moments[..., N_AT_SUCCESSION:] = 0.0
    made.heir_joint[:] = 0.0
    text = console(made, tables(made), config)
    lines = section(text, "What the children")
    assert (
        "  - elasticity, poor, rank slope: no heir and parent each lived 3 years in the run"
        in lines
    )
    assert not any(line.startswith("  fifth") for line in lines)
    assert arm_row(lines, "both").split()[1:3] == ["-", "-"]
    assert "years of school" in said(text, "What the children")
