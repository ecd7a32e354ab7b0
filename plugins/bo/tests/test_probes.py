"""Random trials that run to their end whatever the model expects."""

import attrs
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
    report = Report(trial_id, 0, reached, {}, (0.0,), 0.0)
    probes.on_report(report)
    return attrs.evolve(trial, last_report=report)


def test_the_first_probes_are_of_the_initial_design():
    probes = Probes(R)
    assert probes.is_due(None)
    for i in range(FIRST):
        started(probes, i, R, is_initial=True)
    assert not Probes(R).has_initial(range(FIRST))
    assert probes.has_initial(range(FIRST))


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
    started(probes, trial_id, 1, note=PROBE)
    assert not probes.is_due(None)
    assert not probes.has_initial([trial_id])


def test_probes_take_more_while_the_model_foretells_nothing():
    probes = Probes(R)
    for i in range(FIRST + 1):
        started(probes, i, R, is_initial=True)
    started(probes, 100, R)
    assert SHARE * 3 < 1 < SHARE_WITHOUT_FORESIGHT * 3
    assert not probes.is_due(None)
    assert not probes.is_due(ENOUGH_FORESIGHT)
    assert probes.is_due(ENOUGH_FORESIGHT - 1e-6)


def test_as_many_probes_run_at_once_as_their_share_allows():
    probes = Probes(R)
    started(probes, 0, R, is_initial=True)
    for i in range(1, 10):
        started(probes, i, R)
    n_running = 0
    while probes.is_due(0.0):
        started(probes, 100 + n_running, 1, note=PROBE)
        n_running += 1
    least = (FIRST + SHARE_WITHOUT_FORESIGHT * 9) / (1 - SHARE_WITHOUT_FORESIGHT) - 1
    assert least <= n_running < least + 1


def test_a_probe_that_failed_counts_with_what_it_took():
    probes = Probes(R)
    started(probes, 0, R, is_initial=True)
    for i in range(1, 8):
        started(probes, i, R)
    assert probes.is_due(None)
    probe = started(probes, 100, 2, note=PROBE)
    assert not probes.is_due(None)
    probes.on_end(probe)
    assert probes.is_due(None)
    probes.on_end(started(probes, 101, R - 1, note=PROBE))
    assert not probes.is_due(None)


def test_a_trial_that_failed_between_two_rungs_counts_with_what_it_took():
    probes = Probes(R)
    started(probes, 0, R, is_initial=True)
    others = [started(probes, i, 3) for i in range(1, 31)]
    probes.on_end(started(probes, 100, R - 2, note=PROBE))
    assert not probes.is_due(None)  # a tenth of what was reported at rungs
    for trial in others:
        probes.on_end(attrs.evolve(trial, last_report=Report(trial.id, 0, 5, {}, (0.0,), 0.0)))
    assert probes.is_due(None)


def test_the_probe_that_has_come_furthest_goes_on():
    probes = Probes(R)
    for i in range(3):
        started(probes, i, 1, is_initial=True)
    started(probes, 3, 6)
    for i in (4, 5, 6):
        started(probes, i, 1, note=PROBE)
    paused = [PausedTrial(3, 6, R), PausedTrial(2, 2, 6), PausedTrial(1, 2, 6), PausedTrial(0, 1, 2)]
    assert probes.furthest_initial(paused) == PausedTrial(1, 2, 6)
    assert probes.furthest_initial(paused[:1]) is None
    assert probes.furthest_later(paused) is None
    paused += [PausedTrial(4, 1, 2), PausedTrial(6, 3, 6), PausedTrial(5, 3, 6)]
    assert probes.furthest_initial(paused) == PausedTrial(1, 2, 6)
    assert probes.furthest_later(paused) == PausedTrial(5, 3, 6)


def leaves_chance_late(configuration):
    """All look the same until they leave the level of chance, in the quarter where x and y are large."""
    good = configuration["x"] > 0.6 and configuration["y"] > 0.6
    end = abs(configuration["x"] - 0.8) + abs(configuration["y"] - 0.7)
    return [1.0 - 1e-3 * configuration["x"] if epoch < 8 or not good else end for epoch in range(1, R + 1)]


def says_nothing(configuration):
    """Ends that neither the configuration nor what comes before them foretells."""
    return np.random.default_rng(int(configuration["x"] * 1e15)).random(R)


def tuned(seed, losses_of, n_workers=1, n_epochs=40 * R):
    """What the trials reached, with their notes, and the best loss; workers take turns, an epoch each."""
    problem = Problem(
        space=SPACE, objective=Objective("loss", resource="epoch"), max_resource=R, points_to_evaluate=({"x": 0.1},)
    )
    streams = Streams(seed)
    scheduler = create(
        "scheduler", "freeze_thaw", problem, streams, create("searcher", "freeze_thaw", problem, streams)
    )
    ends, best, running = {}, np.inf, []
    with AskTell(scheduler) as experiment:
        for _ in range(n_epochs):
            while len(running) < n_workers:
                running.append(experiment.ask())
            trial = running.pop(0)
            loss = losses_of(trial.configuration)[trial.reached]
            best = min(best, loss)
            decision = experiment.tell(trial, {"epoch": trial.reached + 1, "loss": loss})
            ends[trial.id] = trial.reached, trial.note
            if decision is Decision.CONTINUE:
                running.append(trial)
            else:
                experiment.tell_end(trial, has_checkpoint=True)
    return ends, best


def share_of_probes(ends):
    of_probes = sum(
        reached for trial_id, (reached, note) in ends.items() if trial_id < 6 or PROBE.items() <= note.items()
    )
    return of_probes / sum(reached for reached, _ in ends.values())


def test_configurations_that_leave_the_level_of_chance_late_are_found():
    runs = [tuned(seed, leaves_chance_late) for seed in range(3)]
    assert np.median([best for _, best in runs]) < 0.1
    assert all(share_of_probes(ends) >= SHARE for ends, _ in runs)


def test_several_workers_run_probes_at_once_while_the_model_foretells_nothing():
    for seed in range(3):
        ends, _ = tuned(seed, says_nothing, n_workers=4)
        assert share_of_probes(ends) >= SHARE_WITHOUT_FORESIGHT - 0.05
