"""Random trials that run to their end whatever the model expects."""

import numpy as np
import pytest

from tunekit_bo.searchers.probes import ENOUGH_FORESIGHT, FIRST, PROBE, SHARE, SHARE_WITHOUT_FORESIGHT, Probes
from tunekit_core import (
    AskTell,
    Decision,
    Objective,
    PausedTrial,
    Problem,
    Report,
    SearchSpace,
    Streams,
    Trial,
    create,
    uniform,
)

SPACE = SearchSpace({"x": uniform(0.0, 1.0), "y": uniform(0.0, 1.0)})
R = 18


def started(probes, trial_id, reached, *, note=None, is_initial=False):
    trial = Trial(trial_id, SPACE.decode(np.array([[0.5, 0.5]]))[0], note or {})
    probes.on_start(trial, is_initial=is_initial)
    probes.on_target(trial, reached)
    probes.on_report(Report(trial_id, 0, reached, {}, (0.0,), 0.0))


def test_the_first_probes_are_of_the_initial_design():
    probes = Probes(R)
    assert probes.is_due(None)
    for i in range(FIRST):
        started(probes, i, R, is_initial=True)
    assert not Probes(R).among(range(FIRST))
    assert probes.among(range(FIRST))


def test_probes_have_their_share_of_all_resources():
    probes = Probes(R)
    for i in range(FIRST + 1):
        started(probes, i, R, is_initial=True)
    assert not probes.is_due(None)
    trial_id = 100
    while not probes.is_due(None):
        started(probes, trial_id, 1)
        trial_id += 1
    of_probes = (FIRST + 1) * R
    assert of_probes == pytest.approx(FIRST * R + SHARE * (of_probes + trial_id - 100), abs=0.2)
    started(probes, trial_id, R, note=PROBE)
    assert not probes.is_due(None)


def test_probes_take_more_while_the_model_foretells_nothing():
    probes = Probes(R)
    for i in range(FIRST + 1):
        started(probes, i, R, is_initial=True)
    started(probes, 100, R)
    assert SHARE * 3 < 1 < SHARE_WITHOUT_FORESIGHT * 3
    assert not probes.is_due(None)
    assert not probes.is_due(ENOUGH_FORESIGHT)
    assert probes.is_due(ENOUGH_FORESIGHT - 1e-6)


def test_the_probe_that_has_come_furthest_goes_on():
    probes = Probes(R)
    for i in range(3):
        started(probes, i, 1, is_initial=True)
    started(probes, 3, 6)
    paused = [PausedTrial(3, 6, R), PausedTrial(2, 2, 6), PausedTrial(1, 2, 6), PausedTrial(0, 1, 2)]
    assert probes.furthest(paused) == PausedTrial(1, 2, 6)
    assert probes.furthest(paused[:1]) is None


def losses_of(configuration, leaves_at):
    """All look the same until they leave the level of chance, in the quarter where x and y are large."""
    good = configuration["x"] > 0.6 and configuration["y"] > 0.6
    end = abs(configuration["x"] - 0.8) + abs(configuration["y"] - 0.7)
    return [1.0 - 1e-3 * configuration["x"] if epoch < leaves_at or not good else end for epoch in range(1, R + 1)]


def tuned(seed, n_epochs=40 * R):
    problem = Problem(
        space=SPACE, objective=Objective("loss", resource="epoch"), max_resource=R, points_to_evaluate=({"x": 0.1},)
    )
    streams = Streams(seed)
    scheduler = create(
        "scheduler", "freeze_thaw", problem, streams, create("searcher", "freeze_thaw", problem, streams)
    )
    ends, best, n_reports = {}, np.inf, 0
    with AskTell(scheduler) as experiment:
        while n_reports < n_epochs:
            trial = experiment.ask()
            curve = losses_of(trial.configuration, leaves_at=8)
            for epoch in range(trial.reached + 1, R + 1):
                n_reports += 1
                best = min(best, curve[epoch - 1])
                if experiment.tell(trial, {"epoch": epoch, "loss": curve[epoch - 1]}) is not Decision.CONTINUE:
                    break
            ends[trial.id] = trial.reached, trial.note
            experiment.tell_end(trial, has_checkpoint=True)
    return ends, best


def test_configurations_that_leave_the_level_of_chance_late_are_found():
    runs = [tuned(seed) for seed in range(3)]
    assert np.median([best for _, best in runs]) < 0.1
    for ends, _ in runs:
        of_probes = sum(
            reached for trial_id, (reached, note) in ends.items() if trial_id < 6 or PROBE.items() <= note.items()
        )
        assert of_probes >= SHARE * sum(reached for reached, _ in ends.values())
