"""What MkDocs asks while it builds the site: the nav, and text that is written from the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import written

MARK = re.compile(r"^<!-- written from the code: (\w+) -->$", re.MULTILINE)
AWAITED = {"sweeps.md", "questions.md", "report.md", "whatif.md"}
"""Pages of work under way, which the nav names already."""
WRITTEN = {
    "command_line": written.command_line,
    "settings": written.settings,
    "tables": written.tables,
    "decisions": written.decisions,
}


def on_config(config: Any) -> Any:
    """Leave out of the nav what is still being written."""
    config.nav = written_entries(config.nav, Path(config.docs_dir))
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each mark by what the code says."""
    return MARK.sub(lambda found: WRITTEN[found.group(1)](), markdown)


def written_entries(nav: list[dict[str, Any]], docs: Path) -> list[dict[str, Any]]:
    """Entries of a nav without those that are awaited and not there."""
    kept = []
    for entry in nav:
        ((title, place),) = entry.items()
        if isinstance(place, list):
            kept.append({title: written_entries(place, docs)})
        elif place not in AWAITED or (docs / place).exists():
            kept.append(entry)
    return kept
