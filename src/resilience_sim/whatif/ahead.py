"""What the page will show first, begun while Streamlit and the browser start."""

from __future__ import annotations

from importlib import import_module

from resilience_sim.errors import InputError
from resilience_sim.whatif import live
from resilience_sim.whatif.cases import Choice, composed
from resilience_sim.whatif.scenario import configured, own


def begin(case: str) -> None:
    """Run a case as its sliders stand at first, and read what the page is made of.

    What is wrong with the case the page itself will say.
    """
    try:
        base = composed(Choice(case))
        live.begin_ahead(configured(base, own(base)))
    except InputError:
        return
    import_module("resilience_sim.whatif.views")
