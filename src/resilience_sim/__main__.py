"""Let `python -m resilience_sim` do what `resilience-sim` does."""

import sys

from resilience_sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
