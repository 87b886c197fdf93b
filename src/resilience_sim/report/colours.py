"""Colours of arms, the same in every picture and page: of Okabe and Ito (2008), which nobody confuses."""

from __future__ import annotations

ARMS = {
    "none": "#555555",
    "cash": "#0072B2",
    "productive": "#009E73",
    "both": "#D55E00",
    "half": "#CC79A7",
}
COORDINATED, UNCOORDINATED = "#56B4E9", "#E69F00"
"""Of the arms of worlds of coordination; cases' own arms take them, too."""
