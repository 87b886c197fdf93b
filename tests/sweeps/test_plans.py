"""Plans: what stands in the folder of a sweep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resilience_sim.sweeps import (
    Failure,
    Plan,
    State,
    only_one,
    plan_of,
    plans,
    read_plan,
    standing,
    state_of,
    write_plan,
)
from resilience_sim.sweeps.plans import SweepError, short_names


def plan(directory: Path, n: int = 3) -> Plan:
    values = [{"seed": at, "programme.contents.transfer.value": 0.5} for at in range(n)]
    keys = [f"{at:012x}" for at in range(n)]
    return plan_of(directory, "resilience-sim sweep seed=0,1,2", ["effects"], values, keys, "code")


def finish(plan: Plan, at: int) -> None:
    plan.folder(plan.jobs[at]).mkdir(parents=True)
    (plan.folder(plan.jobs[at]) / "manifest.json").write_text("{}")


def test_a_plan_is_read_back(tmp_path: Path) -> None:
    write_plan(plan(tmp_path))
    assert read_plan(tmp_path) == plan(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"jobs": [{}]}'])
def test_what_is_no_plan_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(SweepError, match=r"one without a readable sweep\.json"):
        read_plan(tmp_path)


def test_folders_are_named_by_what_is_swept_and_by_the_key(tmp_path: Path) -> None:
    made = plan(tmp_path)
    assert [job.name for job in made.jobs][:2] == [
        "seed-0_value-0.5_000000000000",
        "seed-1_value-0.5_000000000001",
    ]
    assert made.columns == ["seed", "programme.contents.transfer.value"]


def test_no_name_can_be_taken_for_a_path_or_a_partition(tmp_path: Path) -> None:
    values = [{"population.survey.file": "../a=b/é ü.csv"}, {"arms": "[none,cash]" * 40}]
    names = [job.name for job in plan_of(tmp_path, "", None, values, ["k" * 12, "l" * 12], "").jobs]
    assert all(not set(name) & set("/= []") and len(name) < 130 for name in names)
    assert len(set(names)) == 2


def test_short_names_still_tell_settings_apart() -> None:
    asked = ("a.transfer.value", "a.grant.value", "seed", "b.grant.value")
    assert short_names(asked) == {
        "a.transfer.value": "transfer.value",
        "a.grant.value": "a.grant.value",
        "seed": "seed",
        "b.grant.value": "b.grant.value",
    }


def test_jobs_with_one_key_are_one(tmp_path: Path) -> None:
    values = [{"shock": "none"}, {"shock": "calm"}, {"shock": "drought"}]
    made = plan_of(tmp_path, "", None, values, ["a" * 12, "a" * 12, "b" * 12], "")
    assert made.jobs[0].name == made.jobs[1].name != made.jobs[2].name
    assert standing(made).n_jobs == 2


def test_what_is_done_is_known_by_its_key_alone(tmp_path: Path) -> None:
    made = plan(tmp_path)
    finish(made, 0)
    plans.write_failure(made, made.jobs[1], Failure(1, ["no"]))
    other = plan_of(tmp_path, "", None, [{}, {"x": 1}, {}], [job.key for job in made.jobs], "")
    assert [job.name for job in other.jobs[:2]] == [job.name for job in made.jobs[:2]]
    assert other.jobs[2].name == made.jobs[2].key
    assert other.jobs[1].values == {"x": 1}
    assert [state_of(other, job) for job in other.jobs] == list(State)


def test_states(tmp_path: Path) -> None:
    made = plan(tmp_path)
    finish(made, 0)
    plans.write_failure(made, made.jobs[1], Failure(2, ["ConfigError: seed must be larger."]))
    assert [state_of(made, job) for job in made.jobs] == [State.DONE, State.FAILED, State.MISSING]
    now = standing(made)
    assert (now.done, now.missing) == ([made.jobs[0]], [made.jobs[2]])
    assert now.failed == [(made.jobs[1], Failure(2, ["ConfigError: seed must be larger."]))]
    told = json.loads(made.note(made.jobs[1]).read_text())
    assert told["values"] == {"seed": 1, "programme.contents.transfer.value": 0.5}


def test_what_no_plan_asks_for_is_seen_and_left(tmp_path: Path) -> None:
    made = plan(tmp_path)
    finish(made, 0)
    assert made.others() == []
    assert plan_of(tmp_path, "", None, [{"seed": 9}], ["f" * 12], "").others() == [
        made.jobs[0].name
    ]


def test_one_sweep_works_in_a_folder_at_a_time(tmp_path: Path) -> None:
    with only_one(tmp_path / "new"):
        with pytest.raises(SweepError, match="another one"), only_one(tmp_path / "new"):
            pass
        with only_one(tmp_path / "other"):
            pass
    with only_one(tmp_path / "new"):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SweepError, match="output_dir"), only_one(tmp_path / "file" / "below"):
        pass
