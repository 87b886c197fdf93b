"""Households at the start: read or made up, put on one scale, completed where nobody asked.

`survey` reads a file as `maps` or settings say, by `roles` of columns, and `sheet` names everything
that is wrong with it; `moments` makes a place from what is published, `synthetic` a fictional one;
`imputation` adds what none of them holds; `households` puts it together and resamples it.
"""

from resilience_sim.population.households import Households, load

__all__ = ["Households", "load"]
