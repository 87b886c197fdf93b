import numpy as np
import pytest

import synthetic_results
from resilience_sim.outcomes.needed import WORDS, needed, word, word_shares

# Escaped under (none, cash, productive, both), and the word for it.
LIVES = {
    (0, 0, 0, 0): "never",
    (0, 0, 0, 1): "only both",
    (0, 1, 0, 1): "cash alone",
    (0, 0, 1, 1): "productive alone",
    (0, 1, 1, 1): "either",
    (1, 1, 1, 1): "anyway",
}


def test_all_sixteen_patterns_have_a_word():
    for pattern in range(16):
        lives = tuple((pattern >> bit) & 1 for bit in range(4))
        assert word(pattern) == LIVES.get(lives, "hurt")
        # Hurt means that somewhere a programme was added and an escape was lost.
        none, cash, productive, both = lives
        is_undone = none > min(cash, productive, both) or max(cash, productive) > both
        assert (word(pattern) == "hurt") == is_undone


def test_words_share_out_everybody():
    patterns = np.random.default_rng(1).uniform(size=(2, 5, 16))
    shares = word_shares(patterns)
    assert shares.sum(-1) == pytest.approx(1)
    only = np.zeros(16)
    only[8] = 0.3
    assert word_shares(only)[WORDS.index("only both")] == pytest.approx(1)
    assert np.isnan(word_shares(np.zeros(16))).all()


def test_table_is_a_mean_over_replicates_with_its_error():
    table = needed(synthetic_results.results())
    never = table[(table.shock == "none") & (table.needed == "never")].iloc[0]
    # Replicates 0.43, 0.40, 0.40.
    assert never.estimate == pytest.approx(0.41)
    assert never.se_luck == pytest.approx(0.01)
    assert len(table) == 2 * len(WORDS)


def test_four_arms_are_needed_to_say_who_needed_what():
    assert len(needed(synthetic_results.results(arms=("none", "cash", "both", "top_up")))) == 0
