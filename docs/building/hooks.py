"""What MkDocs asks while it builds the site: text that is written from the code."""

from __future__ import annotations

import re
from typing import Any

import written

MARK = re.compile(r"^<!-- written from the code: (\w+) -->$", re.MULTILINE)
WRITTEN = {
    "command_line": written.command_line,
    "settings": written.settings,
    "tables": written.tables,
    "decisions": written.decisions,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each mark by what the code says."""
    return MARK.sub(lambda found: WRITTEN[found.group(1)](), markdown)
