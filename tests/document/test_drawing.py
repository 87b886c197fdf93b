"""Drawing: one look for each arm, and pictures that are the same bytes for the same numbers."""

from __future__ import annotations

import re
from itertools import combinations

from matplotlib.colors import to_rgb

from resilience_sim.report.document.drawing import LOOKS, OTHERS, drawing, look_of, svg_of

ARMS = ["none", "cash", "productive", "both", "half", "uncoordinated", "formal"]
DEUTAN = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
"""What the green-blind see, in linear light; Machado, Oliveira and Fernandes (2009), severity one."""


def green_blind(color: str) -> list[float]:
    """A colour as the green-blind see it, in the cube root of linear light, which is near even to the eye."""
    linear = [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in to_rgb(color)]
    seen = [sum(a * b for a, b in zip(row, linear, strict=True)) for row in DEUTAN]
    return [max(each, 0.0) ** (1 / 3) for each in seen]


def test_arms_differ_in_colour_line_and_mark() -> None:
    looks = [look_of(arm, ARMS) for arm in ARMS]
    assert len({look.color for look in looks}) == len(ARMS)
    assert len({look.marker for look in looks}) == len(ARMS)
    styles = {(look.color, str(look.line)) for look in looks}
    assert len(styles) == len(ARMS)
    assert look_of("cash", ["none", "cash"]) == look_of("cash", ARMS), "whatever else is drawn"


def test_the_green_blind_tell_the_arms_apart() -> None:
    distance = {
        (one, other): sum(
            (a - b) ** 2
            for a, b in zip(
                green_blind(LOOKS[one].color), green_blind(LOOKS[other].color), strict=True
            )
        )
        ** 0.5
        for one, other in combinations(LOOKS, 2)
    }
    assert min(distance.values()) > 0.1, distance
    assert len({look.color for look in OTHERS}) == len(OTHERS)


def picture(name: str) -> str:
    with drawing() as (figure, axes):
        axes.plot([0, 1.23456], [0.575, 1], clip_on=True)
        axes.set_yticks([0.575, 0.6])
        return svg_of(figure, name)


def test_a_picture_has_no_date_no_space_and_no_stranger() -> None:
    text = picture("one")
    assert text == picture("one")
    assert text.startswith("<svg viewBox=") and text.endswith("</svg>")
    assert not re.search(r"http|metadata|xmlns|<\?xml|20\d\d-", text)
    assert set(re.findall(r' id="([^"]+)"', text)) == {
        f"{each}" for each in re.findall(r"(?:href=\"|url\()#([^\")]+)", text)
    }


def test_two_pictures_of_a_page_do_not_share_names() -> None:
    names = [set(re.findall(r' id="([^"]+)"', picture(name))) for name in ("one", "two")]
    assert names[0] and not names[0] & names[1]


def test_numbers_on_an_axis_keep_their_digits() -> None:
    assert "0.575" in picture("one")
