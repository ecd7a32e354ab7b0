"""Fold equals live, in a tenth of the experiments that `nox -s fold` runs."""

import pytest

from tests.fold.generated import all_pairs, experiment, has_model
from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.trials import Cause, Decision, Status
from tunekit_core.engine.event_json import kind_of
from tunekit_core.engine.events import Decided
from tunekit_core.testing import live


@pytest.mark.parametrize("number", range(100))
def test_the_fold_of_any_prefix_suggests_what_was_suggested_live(number, tmp_path):
    experiment(number).check(tmp_path)


def test_every_scheduler_and_every_searcher_takes_part():
    pairs = all_pairs()
    assert {"fifo", "asha_stopping", "asha_promotion", "freeze_thaw"} <= {scheduler for scheduler, _ in pairs}
    assert {"random", "grid", "bo", "mobster", "hypertune", "dyhpo", "freeze_thaw"} == {
        searcher for _, searcher in pairs
    }
    assert len(pairs) <= 100


def test_everything_happens_that_can_happen_to_trials(tmp_path):
    cheap = [number for number in range(200) if not has_model(experiment(number).searcher)]
    kinds, decisions, ends, n_workers = set(), set(), set(), set()
    for number in cheap:
        drawn = experiment(number)
        n_workers |= set(drawn.setup.n_workers)
        for event in live(drawn.make, drawn.setup, tmp_path / str(number)).events:
            kinds.add(kind_of(event))
            if isinstance(event, Decided):
                decisions.add(event.decision)
            elif isinstance(event, TrialEnded):
                ends.add((event.status, event.cause))
            elif isinstance(event, TrialReported) and event.metrics["score"] != event.metrics["score"]:
                kinds.add("report of NaN")
    assert kinds == {
        *("tuner_started", "workers", "start", "resume", "stop", "report", "report of NaN", "decision", "late"),
        *("restarted", "ended", "criterion"),
    }
    assert decisions == set(Decision)
    assert ends == {
        (Status.COMPLETED, Cause.SCRIPT),
        (Status.FAILED, Cause.SCRIPT),
        (Status.FAILED, Cause.INFRASTRUCTURE),
    }
    assert n_workers == {1, 2, 3, 4, 8, 20, 50}
