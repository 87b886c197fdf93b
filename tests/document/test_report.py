"""The report of a run: every section or its reason, numbers of the tables, and nothing from outside."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from resilience_sim.report.document import Written
from resilience_sim.report.document.chapters import CHAPTERS
from resilience_sim.report.document.html import html_of
from resilience_sim.report.document.markdown import markdown_of, pictures_of
from resilience_sim.report.document.parts import Document
from resilience_sim.report.document.stored import MOST_BANDS, read_stored
from resilience_sim.report.page import number

CHARTS = [
    "poverty-paths", "consumption-paths", "asset-motion", "escape-chances", "who-needed-what",
    "interaction-over-time", "interaction-by-belief", "interaction-by-structure", "effects-over-draws",
    "recovery-curves", "growth-incidence", "quintile-transitions", "persistence-by-arm",
    "heirs-transitions", "channels-by-arm", "cost-per-gain", "frontier", "scorecard",
]  # fmt: skip
MOST_BYTES = 3_000_000
SVG_FILE = "{http://www.w3.org/2000/svg}svg"


class Seen(HTMLParser):
    """What of a page the tests ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.open: list[str] = []
        self.pictures: list[dict[str, str]] = []
        self.charts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in named.items()]
        self.open.append(tag)
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "svg":
            self.pictures.append(named)
        if tag == "figure" or named.get("class") == "chart":
            self.charts.append(named["id"])

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
            self.open.append("")


@pytest.fixture(scope="session")
def page(html: str) -> Seen:
    seen = Seen()
    seen.feed(html)
    return seen


def test_every_chart_is_there_or_says_why(page: Seen, full: Written) -> None:
    assert page.charts == CHARTS
    assert full.n_charts + len(full.absent) == len(CHARTS)
    assert not full.absent


def test_the_smallest_run_has_every_section_and_a_reason_for_each_chart_it_lacks(
    alone: Written,
) -> None:
    text = alone.files[0].read_text(encoding="utf-8")
    seen = Seen()
    seen.feed(text)
    assert seen.charts == CHARTS
    assert len(alone.absent) == text.count("No chart: ") > 5
    assert all(reason and not reason.endswith(".") for _, reason in alone.absent)
    assert "the run has no shock" in text and "the four standard arms were not all lived" in text
    assert not re.search(r"\bnan\b|\bNone\b", text)


def test_every_picture_says_what_is_to_be_seen(page: Seen) -> None:
    assert len(page.pictures) > 20
    for picture in page.pictures:
        assert picture["role"] == "img"
        assert re.search(r"\d", picture["aria-label"]), "an alternative tells numbers"
    labels = [picture["aria-label"] for picture in page.pictures]
    assert len(set(labels)) == len(labels)


def test_nothing_comes_from_outside(html: str, page: Seen) -> None:
    assert "http://" not in html and "https://" not in html
    for tag, name, value in page.attributes:
        if name in ("href", "src", "xlink:href", "action", "data", "srcset"):
            assert value.startswith("#"), (tag, name, value)
    assert not re.search(r"@import|<script|<link|<iframe|<img|<object|<embed", html)
    assert all(target == "#" for target in re.findall(r"url\(\s*[\"']?(.)", html))


def test_what_is_referred_to_is_there_and_once(page: Seen, html: str) -> None:
    assert len(page.ids) == len(set(page.ids))
    targets = [value[1:] for _, name, value in page.attributes if name == "href"]
    targets += re.findall(r"url\(#([^)]+)\)", html)
    assert targets and set(targets) <= set(page.ids)


def test_a_page_is_small_and_says_its_language(html: str) -> None:
    assert len(html.encode()) < MOST_BYTES
    assert '<html lang="en">' in html and 'name="viewport"' in html
    assert "<table>" in html and html.count("<figcaption>") == html.count("<figure ")


def test_the_same_run_gives_the_same_bytes(document: Document, full: Written) -> None:
    html, markdown, *pictures = full.files
    assert html.read_text(encoding="utf-8") == html_of(document)
    assert markdown.read_text(encoding="utf-8") == markdown_of(document)
    again = pictures_of(document)
    assert {path.name: path.read_text(encoding="utf-8") for path in pictures} == again


def test_markdown_tells_the_same_sections_titles_and_numbers(
    markdown: str, page: Seen, html: str
) -> None:
    headings = re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    assert headings == [each for each in page.headings if each != "Contents"]
    titles = [unescape(each) for each in re.findall(r"<figcaption><h3>(.*?)</h3>", html)]
    plain = re.sub(r"\\(.)", r"\1", markdown)
    assert titles and all(f"### {title}\n" in plain for title in titles)


def test_markdown_shows_every_picture_with_its_text(markdown: str, full: Written) -> None:
    shown = re.findall(r"^!\[(.+)\]\((.+)\)$", markdown, re.MULTILINE)
    root = full.files[1].parent
    assert sorted(root / file for _, file in shown) == sorted(full.files[2:])
    for alt, file in shown:
        drawn = ElementTree.parse(root / file).getroot()
        assert drawn.tag == SVG_FILE
        assert drawn.attrib["aria-label"] == re.sub(r"\\(.)", r"\1", alt)


def test_long_tables_of_markdown_end_with_where_the_rest_is(markdown: str, html: str) -> None:
    assert re.search(r"^\d+ rows more in \w+\.parquet\.$", markdown, re.MULTILINE)
    assert html.count("<tr>") > markdown.count("\n| ")


def test_key_figures_are_numbers_of_the_tables(run_directory: Path, document: Document) -> None:
    stored = read_stored(run_directory)
    told = {each.label: (each.value, each.band) for each in document.figures}
    effects, poverty = stored.table("effects"), stored.table("poverty")
    row = effects[
        (effects.comparison == "interaction") & (effects.outcome == "consumption") & (effects.shock == "none")
        & (effects.unit == "percent") & (effects.horizon_months == 60)
    ].iloc[0]  # fmt: skip
    value, band = told["of consumption is what both give beyond the sum of each after 5 years"]
    assert value == f"{row.estimate:.2f} %"
    assert band.startswith(f"95 % [{row.ci_low:.2f}, {row.ci_high:.2f}]")
    assert ("contains zero" in band) == (row.ci_low <= 0 <= row.ci_high)
    at = poverty[
        (poverty.measure == "headcount") & (poverty.of == "consumption") & (poverty.shock == "none")
        & (poverty.horizon_years == 5)
    ].set_index("arm")  # fmt: skip
    none = 100 * at.estimate["none"]
    value, band = next(told[label] for label in told if f"under none {none:.1f} %" in label)
    assert value == f"{100 * at.estimate['both']:.1f} %"
    assert "luck" in band and "sample" in band, "kinds of errors stand apart"


def test_findings_are_what_the_console_says_of_the_same_tables(
    run_directory: Path, document: Document
) -> None:
    stored = read_stored(run_directory)
    told = {each.topic: each.text for each in document.findings}
    effects = stored.table("effects")
    row = effects[
        (effects.comparison == "control") & (effects.outcome == "poor") & (effects.shock == "none")
        & (effects.arm == "both") & (effects.horizon_months == 60)
    ].iloc[0]  # fmt: skip
    assert f"after 5 years by {number(row.estimate, 1)} points" in told["Poverty"]
    drawn = stored.table("uncertainty")
    last = drawn[
        (drawn.source == "draws")
        & (drawn.comparison == "interaction")
        & (drawn.outcome == "income")
    ]
    held = (last.low <= 0) & (0 <= last.high)
    words = "holds zero" if held[last.horizon_months.idxmax()] else "leaves zero out"
    assert words in told["Parameters and structure"]
    assert "Coordination" not in told, "what else the run tells stands behind"


def test_charts_say_what_the_tables_say(run_directory: Path, document: Document) -> None:
    titles = {chart.name: chart.title for part in document.parts for chart in part.charts}
    # Assets of the made-up type halve below one line and grow above it.
    assert "parts at" in titles["asset-motion"]
    costs = read_stored(run_directory).table("costs")
    prices = costs[costs.measure.isin(["cost_per_escape", "cost_per_lifted", "cost_per_poor"])]
    assert any(number(price, 1) in titles["cost-per-gain"] for price in prices.estimate.dropna())
    assert re.match(r"Of \d+ reported effects", titles["scorecard"])


def test_the_scorecard_draws_signs_and_names_its_targets(document: Document) -> None:
    (chart,) = [
        chart for part in document.parts for chart in part.charts if chart.name == "scorecard"
    ]
    # All targets of the case are signs.
    assert [panel.heading for panel in chart.panels] == ["Signs"]
    assert chart.sheet is not None
    for name in re.findall(r"(\w+) \d+(?:;|\.)", chart.panels[0].alt):
        assert f"({name})" in chart.panels[0].svg and name in {row[0] for row in chart.sheet.rows}


def test_the_frontier_says_which_line_asks_for_mixes(
    run_directory: Path, markdown: str, html: str
) -> None:
    line = "resilience-sim ask frontier case=zambia_casu_hgsf"
    assert f"<code>{line}</code>" in html and f"`{line}`" in markdown
    stored = read_stored(run_directory)
    words = [
        "run",
        "case=zambia_casu_hgsf",
        "arms=[none,both]",
        "outcomes.draws=24",
        "seed=3",
        "output_dir=a",
    ]
    typed = replace(stored, manifest={**stored.manifest, "command": ["resilience-sim", *words]})
    assert typed.question("frontier") == f"{line} seed=3"


def test_errors_of_many_arms_are_drawn_for_those_of_the_title_and_stand_in_the_table(
    run_directory: Path, document: Document
) -> None:
    stored = read_stored(run_directory)
    assert len(stored.arms) > MOST_BANDS and stored.banded == ["none", "both"]
    charts = {chart.name: chart for part in document.parts for chart in part.charts}
    for name in ("poverty-paths", "consumption-paths", "recovery-curves"):
        assert "drawn for none and both" in charts[name].note
        sheet = charts[name].sheet
        assert sheet is not None and any("±" in text for text in sheet.rows[-1][2:])
    few = replace(stored, manifest={**stored.manifest, "arms": stored.arms[:MOST_BANDS]})
    assert few.banded == few.arms and few.band_words == ""


def test_settings_read_group_by_group_are_those_of_the_whole(run_directory: Path) -> None:
    path = run_directory / "config.yaml"
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert read_stored(run_directory).settings == whole and len(whole) > 10
    assert read_stored(run_directory, ["effects"]).tables.keys() == {"effects"}


def test_settings_whose_groups_lean_on_each_other_are_read_whole(
    run_directory: Path, tmp_path: Path
) -> None:
    directory = shutil.copytree(run_directory, tmp_path / "run")
    text = "a: &one\n  b: 1\nc: *one\nd: [1,\n2]\n"
    (directory / "config.yaml").write_text(text, encoding="utf-8")
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["config.yaml"]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert read_stored(directory).settings == {"a": {"b": 1}, "c": {"b": 1}, "d": [1, 2]}


def test_the_appendix_has_settings_seed_versions_and_hashes(run_directory: Path, html: str) -> None:
    stored = read_stored(run_directory)
    for entry in stored.manifest["files"].values():
        assert entry["sha256"] in html
    for version in stored.manifest["libraries"].values():
        assert f"<td>{version}</td>" in html
    config = (run_directory / "config.yaml").read_text(encoding="utf-8")
    assert config.strip() in unescape(html)


def test_chapters_open_with_anchors_that_findings_link_to(document: Document) -> None:
    names = [part.name for part in document.parts]
    assert names == [name for name, *_ in CHAPTERS] + ["appendix"]
    assert {each.link for each in document.findings} <= set(names)
