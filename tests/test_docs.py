"""The documents: their tables are the settings, and what they name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from resilience_sim.cli import compose
from resilience_sim.config import Content, ContentKind, CoordinationTerms, Mechanisms, meaning_of
from resilience_sim.kernels import draws
from resilience_sim.kernels.people import State
from resilience_sim.kernels.primitives import CHANNELS, CLASS_NAMES, OUTCOMES, TYPE_NAMES
from resilience_sim.model import primitives
from resilience_sim.outcomes import UNITS
from resilience_sim.outcomes.measured import CONTENT, STRUCTURAL
from resilience_sim.outcomes.needed import WORDS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
DECISIONS = (
    "planner-refinement", "luck-in-calendar-quarters", "planner-types", "threads-not-prange",
    "stationarity-fit", "vectorised-from-the-start", "arrears", "pool", "minds", "generations",
    "heirs-by-channel", "food-line",
)  # fmt: skip
GROUPS = (
    "preferences", "technology", "finance", "seasons", "luck", "pooling", "confidence",
    "food_prices", "generations", "shock", "population.imputation", "programme.contents",
    "programme.targeting", "programme.arm_scale",
)  # fmt: skip
# Fields that hold words.
WORDS_ALONE = {"name", "source", "kind", "basis", "quality", "side", "condition", "rule"}
WORLDS = ("none", "informal", "formal", "full")
QUALITIES = {"verified", "secondary", "assumed", "fitted", "by definition", "choice"}
LINK = re.compile(r"\]\(([^)#]+)")
QUALITY = re.compile(r"\b(verified|secondary|assumed|by definition)\b[^;]*$")


class Row(NamedTuple):
    """One parameter as the page has it."""

    symbol: str
    key: str
    default: Any
    unit: str
    source: str
    quality: str


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def parameters() -> list[Row]:
    """The rows of section 8, defaults read as YAML."""
    section = MODEL.split("\n## 8. ")[1].split("\n## 9. ")[0]
    rows = [cells(line) for line in section.splitlines() if line.startswith("| ") and "`" in line]
    return [
        Row(symbol, key.strip("`"), yaml.safe_load(default), *rest)
        for symbol, key, default, *rest in rows
    ]


def at(tree: Any, key: str) -> Any:
    for name in key.split("."):
        tree = tree[name]
    return tree


def leaves(node: Any, key: str) -> Iterator[str]:
    """Dotted keys of all parameters below one group but those that stand at nothing by default."""
    if is_dataclass(node):
        idle = {each.name for each in fields(node) if each.default in (0, None)}
        entries = {each.name: getattr(node, each.name) for each in fields(node)}
    else:
        idle, entries = set(), dict(node)
    for name, value in entries.items():
        if isinstance(value, dict) or is_dataclass(value):
            yield from leaves(value, f"{key}.{name}")
        elif name not in WORDS_ALONE and value is not None and not (name in idle and value == 0):
            yield f"{key}.{name}"


def unit_of(key: str) -> str:
    """Unit of a setting; of an entry of a mapping, that of the mapping."""
    while True:
        try:
            return meaning_of(key).unit
        except (KeyError, TypeError):
            key = key.rpartition(".")[0]


def qualities(path: Path, root: str = "") -> dict[str, str]:
    """Quality that a file of settings states beside each value or above each list, by dotted key."""
    lines = path.read_text(encoding="utf-8").splitlines()

    def walk(node: yaml.Node, key: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                yield from walk(value, f"{key}.{name.value}" if key else name.value)
            return
        at_line = node.start_mark.line
        comments = [lines[at_line].partition("#")[2]]
        if at_line and lines[at_line - 1].lstrip().startswith("#"):
            comments.append(lines[at_line - 1])
        for comment in comments:
            if found := QUALITY.search(comment):
                yield key, found.group(1)
                return

    node = yaml.compose("\n".join(lines))
    return dict(walk(node, root)) if node is not None else {}


def table(head: str) -> list[list[str]]:
    """Rows of the table whose first line starts so, without the lines of its head."""
    lines = MODEL[MODEL.index(head) :].split("\n\n")[0].splitlines()
    return [cells(line) for line in lines[2:]]


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    return asdict(compose())


@pytest.mark.parametrize("row", parameters(), ids=lambda row: row.key)
def test_the_table_has_the_defaults(row: Row, tree: dict[str, Any]) -> None:
    told, used = row.default, at(tree, row.key)
    if isinstance(used, float):  # 2e-05 without a point is text in YAML
        told = float(told)
    assert told == (pytest.approx(used) if isinstance(used, list) else used), (
        f"docs/model.md, section 8: {row.key} must have the default {used}; got {row.default}."
    )


@pytest.mark.parametrize("row", parameters(), ids=lambda row: row.key)
def test_a_parameter_has_a_unit_a_source_and_a_quality(row: Row) -> None:
    assert row.symbol and row.unit and row.source
    assert row.quality in QUALITIES
    if not row.key.startswith("programme.contents."):
        assert row.unit == unit_of(row.key)


@pytest.mark.parametrize("group", GROUPS)
def test_every_parameter_is_in_the_table(group: str) -> None:
    node: Any = compose()
    for name in group.split("."):
        node = getattr(node, name)
    asked = set(leaves(node, group))
    assert asked
    assert asked - {row.key for row in parameters()} == set()


def test_no_parameter_is_told_twice() -> None:
    keys = [row.key for row in parameters()]
    assert len(keys) == len(set(keys))


def test_qualities_are_those_of_the_files() -> None:
    stated: dict[str, str] = {}
    for group in (
        "preferences", "technology", "finance", "luck", "generations", "planner", "pooling",
        "confidence", "food_prices", "programme", "outcomes",
    ):  # fmt: skip
        stated |= qualities(ROOT / "conf" / group / "default.yaml", group)
    stated |= qualities(ROOT / "conf" / "coordination" / "_base.yaml", "coordination")
    stated |= qualities(ROOT / "conf" / "seasons" / "default.yaml", "seasons")
    for file in ("default", "mexico"):
        stated |= qualities(ROOT / "conf" / "population" / f"{file}.yaml", "population")
    stated |= qualities(ROOT / "conf" / "shock" / "covid_like.yaml", "shock")
    stated |= qualities(ROOT / "scenarios" / "case" / "mexico.yaml")
    table = {row.key: row.quality for row in parameters()}
    compared = {key for key in stated.keys() & table.keys() if table[key] != "fitted"}
    assert len(compared) > 70
    assert {key: table[key] for key in compared} == {key: stated[key] for key in compared}


def test_kernel_values_are_those_of_the_model() -> None:
    p = primitives(compose())
    rows = table("| kernel name | value |")
    assert len(rows) > 10
    for name, told in rows:
        used = np.asarray(getattr(p, name.strip("`")), np.float64)
        assert np.asarray(yaml.safe_load(told), float) == pytest.approx(used, rel=2e-5, abs=1e-6)


def test_every_state_field_is_told() -> None:
    rows = table("| field | meaning |")
    assert tuple(row[0].strip("`") for row in rows) == State._fields
    assert all(meaning and unit for _, meaning, unit in rows)
    n_fields, n_bytes = re.findall(r"(\d+) fields of 4 bytes, (\d+) bytes", MODEL)[0]
    assert (int(n_fields), int(n_bytes)) == (len(State._fields), 4 * len(State._fields))


def test_switches_outcomes_classes_and_purposes_are_told() -> None:
    switches = [row[0].strip("`") for row in table("| switch |")]
    assert switches == [each.name for each in fields(Mechanisms)]
    for name in OUTCOMES:
        assert f"`{name}`" in MODEL
    for name in (*CLASS_NAMES, *TYPE_NAMES, *WORDS):
        assert re.search(rf"^\| {name} \|", MODEL, re.MULTILINE), name
    purposes = {name: int(n) for name, n in vars(draws).items() if name.startswith("PURPOSE_")}
    for name, number in purposes.items():
        assert f"| `{name}` | {number} |" in MODEL


def test_contents_have_no_field_that_the_page_leaves_out() -> None:
    told = {row.key.rpartition(".")[2] for row in parameters() if ".contents." in row.key}
    asked = {each.name for each in fields(Content) if each.default is MISSING}
    assert asked - WORDS_ALONE == told
    deliveries = MODEL.split("\n### 7.6 ")[1].split("\n### ")[0]
    for each in {each.name for each in fields(Content)} - asked - {"side"}:
        named = "R_save, R_borrow" if each.startswith("return_") else f"`{each}"
        assert named in deliveries, each
    for kind in ContentKind:
        assert f"`{kind.value}`" in deliveries, kind


def test_worlds_of_coordination_are_those_of_the_files() -> None:
    head, *_ = [line for line in MODEL.splitlines() if line.startswith("| world | shared")]
    names = cells(head)[1:]
    assert names == [each.name for each in fields(CoordinationTerms)]
    rows = {world: [float(told) for told in row] for world, *row in table(head)}
    assert tuple(rows) == WORLDS
    for world, row in rows.items():
        coordination = compose([f"coordination={world}"]).coordination
        used = coordination.without if world == "none" else coordination.terms
        assert row == [getattr(used, name) for name in names], world


def test_tables_channels_and_loadings_are_told() -> None:
    outcomes = MODEL.split("\n### 7.16 ")[1].split("\n### ")[0]
    for name in (*UNITS, *CHANNELS):
        assert f"`{name}`" in outcomes, name
    told = {
        (row[0].strip("`"), on, float(points))
        for row in table("| index | loadings |")
        for points, on in re.findall(r"(-?[\d.]+) `(\w+)`", row[1])
    }
    assert told == {(each.measure, each.on, each.points) for each in (*STRUCTURAL, *CONTENT)}


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_says_why_what_else_and_at_what_cost(name: str) -> None:
    text = (ROOT / "docs" / "decisions" / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    for word in ("Context", "Choice", "Alternatives", "Cost"):
        assert f"**{word}.**" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_links_to_what_exists_and_is_finished(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
    assert not re.search(r"\b(TODO|FIXME|XXX|[Pp]rograms?)\b", text)
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|usr)/", text)
    assert text.count("```") % 2 == 0
