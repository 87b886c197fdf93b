"""The documents: their tables are the settings, and what they name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from resilience_sim.cli import compose
from resilience_sim.config import Content, Mechanisms, meaning_of
from resilience_sim.kernels import draws
from resilience_sim.kernels.population_step import State
from resilience_sim.kernels.primitives import CLASS_NAMES, OUTCOMES, TYPE_NAMES
from resilience_sim.model import primitives
from resilience_sim.outcomes.needed import WORDS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
DECISIONS = (
    "planner-refinement", "luck-in-calendar-quarters", "planner-types", "threads-not-prange",
    "stationarity-fit", "vectorised-from-the-start", "arrears",
)  # fmt: skip
GROUPS = (
    "preferences", "technology", "finance", "seasons", "luck", "generations", "shock",
    "population.imputation", "programme.contents",
)  # fmt: skip
WORDS_ALONE = {"name", "source", "kind", "basis", "quality"}  # fields that hold words
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


def leaves(tree: Any, key: str) -> Iterator[str]:
    """Dotted keys of all parameters below one group."""
    for name, value in at(tree, key).items():
        if isinstance(value, dict):
            yield from leaves(tree, f"{key}.{name}")
        elif name not in WORDS_ALONE and value is not None:
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
def test_every_parameter_is_in_the_table(group: str, tree: dict[str, Any]) -> None:
    missing = set(leaves(tree, group)) - {row.key for row in parameters()}
    assert missing == set()


def test_no_parameter_is_told_twice() -> None:
    keys = [row.key for row in parameters()]
    assert len(keys) == len(set(keys))


def test_qualities_are_those_of_the_files() -> None:
    stated: dict[str, str] = {}
    for group in ("preferences", "technology", "finance", "luck", "generations", "planner"):
        stated |= qualities(ROOT / "conf" / group / "default.yaml", group)
    stated |= qualities(ROOT / "conf" / "seasons" / "default.yaml", "seasons")
    stated |= qualities(ROOT / "conf" / "population" / "default.yaml", "population")
    stated |= qualities(ROOT / "conf" / "shock" / "covid_like.yaml", "shock")
    stated |= qualities(ROOT / "scenarios" / "case" / "mexico.yaml")
    table = {row.key: row.quality for row in parameters()}
    compared = {key for key in stated.keys() & table.keys() if table[key] != "fitted"}
    assert len(compared) > 50
    assert {key: table[key] for key in compared} == {key: stated[key] for key in compared}


def test_kernel_values_are_those_of_the_model() -> None:
    section = MODEL.split("| kernel name | value |")[1].split("\n\n")[0]
    rows = [cells(line) for line in section.splitlines() if "`" in line]
    p = primitives(compose())
    assert len(rows) > 10
    for name, told in rows:
        used = np.asarray(getattr(p, name.strip("`")), np.float64)
        assert np.asarray(yaml.safe_load(told), float) == pytest.approx(used, rel=2e-5, abs=1e-6)


def test_every_state_field_is_told_and_whether_it_is_used() -> None:
    section = MODEL.split("| field | meaning |")[1].split("\n\n")[0]
    told = {row[0].strip("`"): row[3] for row in map(cells, section.splitlines()) if "`" in row[0]}
    waiting = {name for name, used in told.items() if used.startswith("**no**")}
    assert tuple(told) == State._fields
    assert waiting == {
        "confidence", "participation", "child_age", "child_health", "child_school",
    }  # fmt: skip


def test_waiting_fields_are_set_at_the_start_and_read_nowhere() -> None:
    source = (ROOT / "src/resilience_sim/kernels/population_step.py").read_text(encoding="utf-8")
    for name in ("confidence", "participation", "child_age", "child_health", "child_school"):
        assert len(re.findall(rf"\bstate\.{name}\b", source)) == 1, name


def test_switches_outcomes_classes_and_purposes_are_told() -> None:
    section = MODEL.split("| switch |")[1].split("\n\n")[0]
    switches = [cells(line)[0].strip("`") for line in section.splitlines() if "`" in line]
    assert switches == [each.name for each in fields(Mechanisms)]
    for name in OUTCOMES:
        assert f"`{name}`" in MODEL
    for name in (*CLASS_NAMES, *TYPE_NAMES, *WORDS):
        assert re.search(rf"^\| {name} \|", MODEL, re.MULTILINE), name
    purposes = {name: int(n) for name, n in vars(draws).items() if name.startswith("PURPOSE_")}
    for name, number in purposes.items():
        assert f"| `{name}` | {number} |" in MODEL


def test_contents_have_no_field_that_the_table_leaves_out() -> None:
    told = {row.key.rpartition(".")[2] for row in parameters() if ".contents." in row.key}
    assert {each.name for each in fields(Content)} - WORDS_ALONE == told


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
