"""The site: it builds without a warning, has every page, asks nothing of the network, and is true."""

from __future__ import annotations

import html
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
import yaml

import resilience_sim
from resilience_sim.cli import compose, main
from resilience_sim.cli.texts import HELP
from resilience_sim.config import Config, meaning_of
from resilience_sim.outcomes import TABLES, UNITS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CHROMIUM = shutil.which("chromium")
WIDTHS = (1440, 390)  # pixels of a desk and of a telephone
LOOKED_AT = (
    "index",
    "tutorial",
    "first-run",
    "howto",
    "model",
    "complementarity",
    "questions",
    "report",
    "reference/settings",
    "reference/python",
)
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
PATIENCE = 120_000  # milliseconds, for a busy machine
OUTSIDE = re.compile(r"^(?:https?:)?//")


def building(name: str) -> ModuleType:
    """A module of docs/building, as MkDocs loads it."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "building" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


written, returns = building("written"), building("returns")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning fails the build."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def places(node: Any) -> Iterator[str]:
    """Pages that the nav names."""
    for entry in node:
        place = entry if isinstance(entry, str) else next(iter(entry.values()))
        if isinstance(place, list):
            yield from places(place)
        else:
            yield place


class Loads(HTMLParser):
    """What a page loads of itself, without a click."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        is_a_name = tag == "link" and told.get("rel") in ("canonical", "next", "prev")
        if tag in LOADING and not is_a_name and (place := told.get(LOADING[tag])):
            self.found.append(place)


def loads(text: str) -> list[str]:
    parser = Loads()
    parser.feed(text)
    return parser.found


# Pages


def test_every_page_is_in_the_nav_and_every_entry_is_there() -> None:
    told = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = set(places(told["nav"]))
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    alone = {
        page for page in pages if not page.startswith("decisions/") or page.endswith("index.md")
    }
    assert named == alone


def test_decisions_are_listed_by_their_titles() -> None:
    text = written.decisions()
    pages = [page for page in (DOCS / "decisions").glob("*.md") if page.name != "index.md"]
    assert len(pages) > 10
    assert text.count("\n- [") + 1 == len(pages)
    assert all(f"]({page.name})" in text for page in pages)


@pytest.mark.slow
def test_no_page_loads_anything_from_outside(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        outside = [
            place for place in loads(page.read_text(encoding="utf-8")) if OUTSIDE.match(place)
        ]
        assert outside == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(
            r"@import|url\(\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")
        )


def test_a_font_from_outside_would_be_found() -> None:
    page = (
        '<link rel="stylesheet" href="https://fonts.example/css"><script src="//cdn.example/x.js">'
    )
    assert [bool(OUTSIDE.match(place)) for place in loads(page)] == [True, True]
    assert loads('<a href="https://example.org">a link that somebody may click</a>') == []


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the built site is served, on this machine alone."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium; apt-get install chromium")
def test_in_a_browser_pages_fit_and_are_searched_without_a_network(address: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    asked: list[str] = []
    errors: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for name in LOOKED_AT:
                page.goto(f"{address}/{name}.html")
                wide = page.evaluate("document.scrollingElement.scrollWidth")
                assert wide <= width, (name, width, wide)
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.locator("input.md-search__input").fill("complementarity")
        playwright.expect(page.locator(".md-search-result__link").first).to_be_visible(
            timeout=60_000
        )
        browser.close()
    assert errors == []
    assert len(asked) > len(LOOKED_AT)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


# Text from the code


def test_every_setting_is_told_with_its_meaning_unit_and_default() -> None:
    text = written.settings()
    told = dict(written.keys(Config))
    assert len(told) > 150
    assert {f"mechanisms.{each.name}" for each in fields(compose().mechanisms)} <= set(told)
    assert "programme.contents.NAME.unit_cost" in told and "shock.also.NAME.path" in told
    assert text.count("\n| `") == len(told)
    group = text.split("## `programme.targeting`\n")[1].split("\n\n")[0]
    (row,) = [line for line in group.splitlines() if line.startswith("| `cutoff` |")]
    meaning = meaning_of("programme.targeting.cutoff")
    default = compose().programme.targeting.cutoff
    assert row == (
        f"| `cutoff` | {meaning.text} | {meaning.unit} | {meaning.interval} | `{default}` |"
    )


@pytest.mark.parametrize("key", ["threads", "shock.response.months", "planner.behaviour"])
def test_a_setting_stands_in_its_group_once(key: str) -> None:
    group, _, name = key.rpartition(".")
    head = f"## `{group}`" if group else "## The run"
    part = f"{written.settings()}\n\n".split(f"{head}\n")[1].split("\n\n")[0]
    assert part.count(f"| `{name}` |") == 1


def test_defaults_are_typed_as_one_would_type_them() -> None:
    text = written.settings()
    assert "| `[none, cash, productive, both, half]` |" in text
    assert "| `planner`, `rule_of_thumb` | `planner` |" in text
    assert "| `true` |" in text and "| `null` |" in text
    assert "Behaviour." not in text and "None" not in text and "True" not in text


def test_every_column_is_told_with_its_unit() -> None:
    text = written.tables()
    for name, units in UNITS.items():
        part = f"{text}\n\n".split(f"## `{name}`\n")[1].split("\n\n## ")[0]
        for column, unit in units.items():
            assert f"| `{column}` | {unit.replace('|', chr(92) + '|')} |" in part


@pytest.mark.slow
def test_the_site_shows_the_help_of_every_verb_as_it_is_printed(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = html.unescape(
        re.sub(
            r"<[^>]+>", "", (site / "reference" / "command-line.html").read_text(encoding="utf-8")
        )
    )
    verbs = re.findall(r"^  (\w+) ", HELP.split("\nverbs\n")[1].split("\n\n")[0], re.MULTILINE)
    assert {"run", "score", "bench"} < set(verbs)
    for verb in verbs:
        main([verb, "--help"])
        assert capsys.readouterr().out in shown, verb


def test_the_reference_names_every_verb_and_every_table() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    for name in TABLES:
        assert f"::: resilience_sim.outcomes.{name}.{name}\n" in text
    for name in set(resilience_sim.__all__) - {"__version__"}:
        assert re.search(rf"^::: resilience_sim\.\S*\b{name}$", text, re.MULTILINE), name


def test_prose_below_returns_gets_the_type_of_the_signature() -> None:
    text = "Do it.\n\nReturns\n-------\nWhat was done,\nin lines.\n\nRaises\n------\nError\n    Always."
    assert returns.with_type(text, "Done") == (
        "Do it.\n\nReturns\n-------\nDone\n    What was done,\n    in lines.\n\nRaises\n------\nError\n"
        "    Always."
    )
    assert returns.with_type("Do it.", "Done") == "Do it."
