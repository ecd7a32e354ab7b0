"""``hydra.sweeper.only``: of what is not complete, what is run."""

import json
import shutil

import pytest

SWEEP = ("--multirun", "method=RS", "seed=range(4)", "stopping.max_num_evaluations=50", "hydra.sweeper.n_jobs=1")


@pytest.fixture
def statuses(tunekit, results):
    """Have one run of each status; tells the statuses there are by seed."""
    assert tunekit(*SWEEP).status == 0
    folders = {metadata["seed"]: folder for folder, metadata in zip(results.folders(), results.metadata(), strict=True)}
    for seed, status in ((1, "failed"), (2, "interrupted")):
        path = folders[seed] / "metadata.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "status": status}))
    shutil.rmtree(folders[3])
    return lambda: {metadata["seed"]: metadata["status"] for metadata in results.metadata()}


@pytest.mark.parametrize(
    ("only", "first_line", "run"),
    [
        ("failed", "2 runs: 1 complete, 1 to run. Left out by hydra.sweeper.only=[failed]: 2 runs.", {1}),
        (
            "[interrupted,missing]",
            "3 runs: 1 complete, 2 to run, 1 at the same time. "
            "Left out by hydra.sweeper.only=[interrupted,missing]: 1 run.",
            {2, 3},
        ),
    ],
)
def test_only_what_has_one_of_the_statuses_is_run_and_what_is_complete_compared(
    tunekit, statuses, only, first_line, run
):
    before = statuses()
    assert before == {0: "completed", 1: "failed", 2: "interrupted"}
    finished = tunekit(*SWEEP, f"hydra.sweeper.only={only}")
    assert (finished.status, finished.err.splitlines()[0]) == (0, first_line)
    assert statuses() == before | dict.fromkeys(run, "completed")
    assert f"RS          {1 + len(run)}" in finished.out


def test_a_plan_has_the_same_runs(tunekit, statuses):
    finished = tunekit(*SWEEP, "hydra.sweeper.only=failed", "--plan")
    rows = [line.split()[3:5] for line in finished.out.splitlines() if line.strip()[:1].isdigit()]
    assert [row for row in rows if row[0].isdigit()] == [["0", "completed"], ["1", "failed"]]


def test_where_no_run_has_the_status_nothing_is_run(tunekit, results):
    finished = tunekit(*SWEEP, "hydra.sweeper.only=failed")
    assert (finished.status, finished.out) == (0, "")
    assert finished.err == "Nothing to run. Left out by hydra.sweeper.only=[failed]: 4 runs.\n"
    assert not results.root.exists()
