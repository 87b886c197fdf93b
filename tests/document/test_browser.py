"""The report as a browser shows it: offline, without complaints, and no wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resilience_sim.report.document import Written

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESK = 390, 1440
PAPER = {"width": 688, "height": 1009}
"""What the margins leave of a sheet of A4, in pixels of a browser."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_it_opens_offline_without_complaint_and_fits(
    browser: Any, full: Written, width: int
) -> None:
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    address = full.files[0].resolve().as_uri()
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert not complaints
    assert asked == [address]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overflowing = page.evaluate(
        """width => [...document.querySelectorAll('h1,h2,h3,p,svg,dl,nav,figure')]
            .filter(each => each.getBoundingClientRect().right > width + 1)
            .map(each => each.outerHTML.slice(0, 80))""",
        width,
    )
    assert overflowing == []
    context.close()


def test_on_paper_charts_and_tables_stay_whole(browser: Any, full: Written) -> None:
    context = browser.new_context(offline=True, viewport=PAPER)
    page = context.new_page()
    page.goto(full.files[0].resolve().as_uri())
    page.emulate_media(media="print")
    cut = page.evaluate(
        """[...document.querySelectorAll('.table')].filter(each => each.offsetParent)
            .filter(each => each.scrollHeight > each.clientHeight + 1
                || each.scrollWidth > each.clientWidth + 1)
            .map(each => each.ariaLabel)"""
    )
    assert cut == []
    heights = page.evaluate(
        """[...document.querySelectorAll('figure')].map(each => {
            return [each.id, each.getBoundingClientRect().height]
        })"""
    )
    assert heights and [name for name, height in heights if height > PAPER["height"]] == []
    context.close()


def test_every_picture_is_seen_and_letters_can_be_read_on_a_phone(
    browser: Any, full: Written
) -> None:
    context = browser.new_context(offline=True, viewport={"width": PHONE, "height": 900})
    page = context.new_page()
    page.goto(full.files[0].resolve().as_uri())
    sizes = page.evaluate(
        """[...document.querySelectorAll('figure svg')].map(svg => {
            const box = svg.getBoundingClientRect()
            return [box.width, box.height, box.width / svg.viewBox.baseVal.width]
        })"""
    )
    assert len(sizes) > 20
    for width, height, scale in sizes:
        assert width > 300 and height > 60
        assert 7.5 * scale > 7, "the smallest letters, in pixels"
    outside = page.evaluate(
        """[...document.querySelectorAll('figure svg text')].filter(text => {
            const own = text.getBoundingClientRect()
            const svg = text.ownerSVGElement.getBoundingClientRect()
            return own.left < svg.left - 1 || own.right > svg.right + 1
                || own.top < svg.top - 1 || own.bottom > svg.bottom + 1
        }).map(text => text.closest('figure').id + ': ' + text.textContent)"""
    )
    assert outside == [], "letters that are cut off"
    context.close()
