"""What MkDocs asks while it builds the site: the nav, and text that is written from the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import written

MARK = re.compile(r"^<!-- written from the code: (\w+) -->$", re.MULTILINE)
WRITTEN = {
    "command_line": written.command_line,
    "settings": written.settings,
    "tables": written.tables,
    "decisions": written.decisions,
}


def on_config(config: Any) -> Any:
    """Put every page of a folder of the nav in its place, the folder's own first."""
    docs = Path(config.docs_dir)
    config.nav = [expanded(entry, docs) for entry in config.nav]
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each mark by what the code says."""
    return MARK.sub(lambda found: WRITTEN[found.group(1)](), markdown)


def expanded(entry: dict[str, Any], docs: Path) -> dict[str, Any]:
    """An entry of the nav; where it names a folder, with all of its pages."""
    ((title, place),) = entry.items()
    if not (isinstance(place, str) and place.endswith("/")):
        return entry
    pages = sorted(page.relative_to(docs).as_posix() for page in (docs / place).glob("*.md"))
    pages.remove(f"{place}index.md")
    return {title: [f"{place}index.md", *pages]}
