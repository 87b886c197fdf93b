"""Tests solve their policies: what an earlier test kept on disk would prove nothing."""

import os

os.environ["RESILIENCE_SIM_POLICIES_GB"] = "0"
