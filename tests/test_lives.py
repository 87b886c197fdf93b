"""What planners are told of a programme, and when."""

from dataclasses import replace

import numpy as np

from resilience_sim.config import BeliefKind
from resilience_sim.lives import blocks_of, enough, phases_of
from resilience_sim.programmes import deliveries
from small_programmes import THREE, TRANSFER, config_of


def test_a_support_in_two_stretches_ends_twice_where_dates_are_known() -> None:
    """Three months from the start and six from month 15: quarter 0, and quarters 5 and 6."""
    early, late = replace(TRANSFER, months=3), replace(TRANSFER, start_month=15, months=6)
    config = config_of({"early": early, "late": late}, {"cash": ["early", "late"]})
    planner = config.planner
    given = deliveries(config, THREE)
    dated = replace(planner.believed_end, kind=BeliefKind.DATE)
    told = phases_of(replace(config, planner=replace(planner, believed_end=dated)), given)
    assert told.keys() == {(1, 3)}
    stretches = [
        (phase.n_periods, phase.first_season, list(running)) for phase, running in told[1, 3]
    ]
    assert stretches == [(1, 0, [0]), (2, 1, [5, 6])]
    ((phase, running),) = phases_of(config, given)[1, 3]
    assert (phase.n_periods, phase.hazard) == (0, planner.believed_end.hazard)
    assert list(running) == [0, 5, 6]


def test_few_blocks_are_cut_between_villages() -> None:
    village = np.repeat(np.arange(30), np.random.default_rng(1).integers(5, 40, 30))
    whole = blocks_of(village, 1000)
    # Alone, a thread waits for nobody; and what is enough stays as it is.
    assert enough(whole, village, 1) is whole
    assert len(enough(blocks_of(village, 1), village, 2)) == 30
    for chosen in (whole, blocks_of(village, 200)[1:3]):
        cut = enough(chosen, village, 2)
        assert len(cut) >= 6
        inside = [np.concatenate([np.arange(*each) for each in some]) for some in (chosen, cut)]
        np.testing.assert_array_equal(*inside)
        starts = cut[:, 0]
        assert (village[starts] != village[starts - 1])[starts > 0].all()
