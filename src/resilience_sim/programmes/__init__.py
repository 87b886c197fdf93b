"""Who gets what, and when.

`targeting` says who is on which list; `contents` what each kind of content hands over, and when;
`arms` makes arms comparable; `coordination` is two programmes that work together, or do not;
`delivery` lays all of it over the periods of a run.
"""

from resilience_sim.programmes.coordination import UNCOORDINATED
from resilience_sim.programmes.delivery import Deliveries, Support, deliveries

__all__ = ["UNCOORDINATED", "Deliveries", "Support", "deliveries"]
