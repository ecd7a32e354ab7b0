"""What schedulers say that they decide by is what they decide by."""

import math

from hypothesis import given, strategies as st

from tunekit_asha.pasha import Pasha
from tunekit_asha.promotion import AshaPromotion
from tunekit_asha.stopping import AshaStopping
from tunekit_core import Decision, Resume

LOSSES = st.lists(st.sampled_from([0.1, 0.2, 0.2, 0.3, 0.7, math.inf]) | st.floats(0, 1), min_size=1, max_size=30)
TIES = st.sampled_from(["arrival", "all"])


@given(LOSSES, TIES)
def test_a_trial_is_stopped_where_it_does_not_pass(experiment, losses, ties):
    asha = experiment(AshaStopping, ties=ties)
    for n, loss in enumerate(losses, start=1):
        trial = asha.begin()
        assert asha.scheduler.standing(trial.id) is None
        decision = asha.decide(trial, 1, loss)
        standing = asha.scheduler.standing(trial.id)
        assert standing.passes == (decision is Decision.CONTINUE)
        assert (standing.level, len(standing.ranked), standing.loss) == (1, n, loss)
        assert standing.place == 1 + sum(other < loss for other in losses[:n]) + losses[: n - 1].count(loss)
        if n > 1 and len(set(losses[:n])) == n:  # without ties
            assert standing.passes == (standing.place <= standing.n_pass and loss < math.inf)
            assert standing.passes == (loss <= standing.cutoff and loss < math.inf)
        if decision is Decision.STOP:
            asha.end(trial)


@given(LOSSES)
def test_a_trial_is_promoted_where_it_passes(experiment, losses):
    asha = experiment(AshaPromotion)
    waiting = iter(losses)
    for _ in range(40):
        suggestion = asha.next()
        if isinstance(suggestion, Resume):
            standing = asha.scheduler.standing(suggestion.trial_id)
            assert standing.passes
            assert standing.place <= standing.n_pass or standing.loss == standing.cutoff
        loss = next(waiting, None)
        if loss is None:
            return
        trial = asha.begin()
        resource = trial.until
        asha.report(trial, resource, loss)


def test_after_it_went_on_a_trial_passes_still(experiment):
    asha = experiment(AshaPromotion)
    trials = [asha.begin() for _ in range(3)]
    for trial, loss in zip(trials, (0.3, 0.1, 0.2), strict=True):
        asha.report(trial, 1, loss)
    assert asha.begin() is trials[1]
    standing = asha.scheduler.standing(1)
    assert (standing.passes, standing.place, standing.n_pass, standing.level) == (True, 1, 1, 1)
    assert [trial_id for trial_id, _ in standing.ranked] == [1, 2, 0]
    assert standing.rule == "the best 1 of them may go on, those up to the quantile 0.333, interpolated between ranks"
    assert not asha.scheduler.standing(0).passes


def test_pasha_says_where_none_goes_on(experiment):
    pasha = experiment(Pasha, max_resource=27)
    trials = [pasha.begin() for _ in range(3)]
    for trial, loss in zip(trials, (0.3, 0.1, 0.2), strict=True):
        pasha.report(trial, 1, loss)
    first = pasha.begin()
    assert first.until == 3
    pasha.report(first, 3, 0.05)
    standing = pasha.scheduler.standing(first.id)
    assert not standing.passes
    assert "none goes beyond 3 before the order of the best has changed there" in standing.rule
