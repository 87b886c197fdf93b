"""Households at the start: read or made up, put on one scale, completed where nobody asked.

`survey` reads a file through a map of columns and names everything that is wrong with it;
`synthetic` makes up a fictional place; `imputation` adds what neither holds; `households` puts it
together and resamples it.
"""

from resilience_sim.population.households import Households, load

__all__ = ["Households", "load"]
