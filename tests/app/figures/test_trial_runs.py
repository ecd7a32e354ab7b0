"""When trials ran, told by events or by reports."""

from itertools import pairwise

import attrs
import pytest

from tests.app.figures.made import experiment, trial
from tunekit.results.trial_reports import read_trial_reports
from tunekit.results.trial_runs import n_workers, trial_runs
from tunekit_core import load_experiment


def runs_of(folder, rows, **told):
    return [attrs.astuple(run) for run in trial_runs(read_trial_reports(experiment(folder, rows, **told)))]


def test_reports_tell_when_runs_began_and_how_they_ended(tmp_path):
    rows = [
        *trial(0, [1.0] * 9),
        *trial(1, [1.0], decisions={1: "PAUSE"}),
        *trial(2, [1.0, 1.0], start=1.0, decisions={2: "STOP"}),
        *trial(3, [1.0], start=3.0),
        *trial(4, [1.0], start=5.0),
    ]
    assert runs_of(tmp_path / "x", rows, failed=[3]) == [
        (0, 0, 9, "completed", 0),
        (1, 0, 1, "paused", 1),
        (2, 1, 3, "stopped", 1),
        (3, 3, 4, "failed", 1),
        (4, 5, 9, "running", 1),
    ]


@pytest.mark.parametrize("is_anew", [False, True])
def test_a_run_after_a_pause_begins_where_its_work_does(is_anew, tmp_path):
    rows = trial(0, [1.0, 1.0, 1.0], decisions={1: "PAUSE", 3: "PAUSE"})
    for row in rows[1:]:  # it waited for ten seconds; a script that begins again counts its seconds from 0
        row["st_tuner_time"] += 10.0
        row["st_worker_time"] -= 1.0 * is_anew
    assert runs_of(tmp_path / "x", rows)[1][:4] == (0, 11, 13, "paused")


def test_a_simulated_run_keeps_its_workers_busy_to_the_second(tunekit, results):
    assert tunekit("method=ASHA", "stopping.max_wallclock_time=300").status == 0
    runs = trial_runs(read_trial_reports(load_experiment(results.folders()[0])))
    assert n_workers(runs) == 4
    for worker in range(4):
        own = sorted((run.start, run.end) for run in runs if run.worker == worker)
        assert all(end <= start + 1e-6 for (_, end), (start, _) in pairwise(own))
    assert sum(run.end - run.start for run in runs) == pytest.approx(4 * 300, rel=0.02)


def test_events_tell_when_runs_began_and_how_they_ended(tmp_path):
    from tunekit_core import AskTell, ExperimentRecord, Objective, Problem, SearchSpace, Streams, create

    problem = Problem(
        space=SearchSpace.parse({"x": "uniform(0, 1)"}), objective=Objective("loss", resource="epoch"), max_resource=3
    )
    streams = Streams(0)
    scheduler = create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams))
    record = ExperimentRecord(tmp_path / "x", keep_events=True)
    with AskTell(scheduler, n_workers=2, record=record) as asked:
        one, two = asked.ask(), asked.ask()
        asked.tell(one, {"epoch": 1, "loss": 0.5})
        asked.tell_end(one)
        asked.tell(two, {"epoch": 1, "loss": 0.5})
        asked.tell_end(two, failed="it broke")
        three = asked.ask()
        asked.tell(three, {"epoch": 1, "loss": 0.5})
    runs = trial_runs(read_trial_reports(load_experiment(tmp_path / "x")))
    assert [(run.trial_id, run.how, run.worker) for run in runs][:2] == [(0, "completed", 0), (1, "failed", 1)]
    assert runs[2].trial_id == 2
    assert runs[2].start >= runs[1].end
