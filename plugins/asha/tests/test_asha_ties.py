"""Trials with equal losses: how many of them go on, and which."""

import math

import pytest
from hypothesis import given, settings, strategies as st

from tunekit_asha.promotion import AshaPromotion
from tunekit_asha.quantile import RunningQuantile
from tunekit_asha.rungs import Rung
from tunekit_asha.stopping import AshaStopping
from tunekit_core import Decision, Resume, Start, Status, create
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import ToyBenchmark, check_fold_equals_live
from tunekit_core.testing.experiments import Setup
from tunekit_core.testing.growth import check_growth, count_steps

C, S = Decision.CONTINUE, Decision.STOP
SHARES = st.sampled_from([1 / 3, 0.405, 0.5, 0.25, 0.01, 0.99]) | st.floats(0.01, 0.99)
CHANCE = 0.9


@settings(deadline=None)
@given(data=st.data(), share=SHARES)
def test_without_ties_a_trial_passes_if_its_loss_is_at_most_the_quantile(data, share):
    rung, cutoff = Rung(1, share), RunningQuantile(share)
    finite = data.draw(st.lists(st.integers(-1000, 1000), unique=True, max_size=30))
    losses = data.draw(st.permutations([*finite, *[math.inf] * data.draw(st.integers(0, 10))]))
    waiting = {}  # on the rung, and not gone on
    for trial_id, loss in enumerate(losses):
        rung.add(trial_id, loss / 7)
        cutoff.add(loss / 7)
        waiting[trial_id] = loss / 7
        action = data.draw(st.sampled_from(["nothing", "go on", "fail"]))
        if action == "go on" and waiting:
            gone = data.draw(st.sampled_from([*waiting]))
            rung.go_on(gone)
            del waiting[gone]
        elif action == "fail" and rung.entries:
            failed = data.draw(st.sampled_from([*rung.entries]))
            cutoff.remove(rung.entries[failed].loss)
            rung.remove(failed)
            waiting.pop(failed, None)
        for own in waiting.values():
            assert rung.passes(own) == (len(rung) == 1 or (own < math.inf and own <= cutoff.value()))


@settings(deadline=None)
@given(data=st.data(), share=SHARES)
def test_no_more_go_on_than_the_share_of_the_trials(data, share):
    rung, n_gone = Rung(1, share), 0
    for trial_id in range(data.draw(st.integers(1, 40))):
        loss = data.draw(st.sampled_from([0.1, 0.2, 0.3, 0.3, math.inf]))
        rung.add(trial_id, loss)
        rung.wait(trial_id)
        while (promoted := rung.promotable()) is not None:
            best = min(entry for entry in rung.entries.values() if entry.trial_id in rung.waiting)
            assert promoted == best.trial_id
            rung.go_on(promoted)
            n_gone += 1
        may = math.floor(trial_id * share) + 1
        finite = sum(entry.loss < math.inf for entry in rung.entries.values())
        assert n_gone >= min(may, finite) or len(rung) == 1  # more, where better ones came later
        if len({entry.loss for entry in rung.entries.values()}) == 1 and loss < math.inf and trial_id:
            assert n_gone == may


def decisions(experiment, losses):
    asha = experiment(AshaStopping)
    return [asha.report(asha.begin(), 1, loss) for loss in losses]


def test_of_equal_trials_a_third_is_let_through(experiment):
    assert decisions(experiment, [0.5] * 10) == [C, S, S, C, S, S, C, S, S, C]


def test_one_that_is_better_than_equal_ones_is_let_through(experiment):
    assert decisions(experiment, [0.5, 0.5, 0.5, 0.4, 0.5, 0.5, 0.5]) == [C, S, S, C, S, S, C]


def test_one_that_is_worse_than_equal_ones_is_not(experiment):
    assert decisions(experiment, [0.5, 0.5, 0.5, 0.6, 0.5]) == [C, S, S, S, C]


def test_one_that_was_let_through_and_has_failed_makes_room(experiment):
    asha = experiment(AshaStopping)
    first = asha.begin()
    assert [asha.report(trial, 1, 0.5) for trial in (first, asha.begin())] == [C, S]
    asha.end(first, Status.FAILED)
    assert asha.report(asha.begin(), 1, 0.5) is C
    assert asha.report(asha.begin(), 1, 0.5) is S


def test_of_equal_trials_the_first_to_arrive_is_promoted_and_the_others_wait_until_there_is_room(experiment):
    asha = experiment(AshaPromotion)
    first, second = asha.begin(), asha.begin()
    for trial in (second, first):
        asha.decide(trial, 1, 0.5)
    for trial in (first, second):
        asha.end(trial)
    assert asha.begin() is second
    assert isinstance(asha.next(), Start)
    for _ in range(2):
        asha.report(asha.begin(), 1, 0.5)
    assert asha.next() == Resume(first.id, until=3)


def test_all_ties_go_on_where_that_is_asked_for(experiment):
    asha = experiment(AshaStopping, ties="all")
    assert [asha.report(asha.begin(), 1, 0.5) for _ in range(4)] == [C, C, C, C]
    asha = experiment(AshaPromotion, ties="all")
    for trial in [asha.begin() for _ in range(3)]:
        asha.report(trial, 1, 0.5)
    assert [asha.begin().id for _ in range(3)] == [0, 1, 2]


def n_reports(experiment, scheduler, losses, max_resource, ties):
    """How often trials report that one worker runs one after another, each with the same loss at every epoch."""
    asha, count = experiment(scheduler, max_resource=max_resource, ties=ties), 0
    while isinstance(asha.next(), Resume) or asha.state.n_started < len(losses):
        trial = asha.begin()
        epoch = 0 if trial.last_report is None else trial.last_report.resource
        while trial.status is Status.RUNNING:
            epoch += 1
            asha.report(trial, epoch, losses[trial.id])
            count += 1
    return count


def some_losses(kind, n):
    distinct = [(0.37 + 0.6180339887 * i) % 1 for i in range(n)]
    tied = [loss if loss < 0.2 else CHANCE for loss in distinct]  # 80 % of them
    return {"constant": [CHANCE] * n, "tied": tied, "distinct": distinct}[kind]


@pytest.mark.parametrize(
    ("scheduler", "max_resource", "kind", "arrival", "every"),
    [
        (AshaPromotion, 27, "constant", 243, 2187),
        (AshaPromotion, 27, "tied", 317, 2187),
        (AshaPromotion, 27, "distinct", 333, 333),
        (AshaStopping, 27, "constant", 243, 2187),
        (AshaStopping, 27, "tied", 335, 2187),
        (AshaStopping, 27, "distinct", 385, 385),
        (AshaPromotion, 81, "constant", 81, 2187),
        (AshaPromotion, 81, "tied", 165, 2187),
        (AshaPromotion, 81, "distinct", 167, 167),
        (AshaStopping, 81, "constant", 135, 2187),
        (AshaStopping, 81, "tied", 291, 2187),
        (AshaStopping, 81, "distinct", 443, 443),
    ],
)
def test_a_metric_that_does_not_change_costs_no_more_than_one_that_does(
    experiment, scheduler, max_resource, kind, arrival, every
):
    losses = some_losses(kind, 2187 // max_resource)
    counts = [n_reports(experiment, scheduler, losses, max_resource, ties) for ties in ("arrival", "all")]
    assert counts == [arrival, every]


def test_a_trial_that_leaves_chance_late_is_found_among_many_that_stay_there(experiment):
    asha, found = experiment(AshaPromotion, max_resource=27), None
    while found is None and asha.state.n_started < 200:
        trial = asha.begin()
        needle = trial.id % 3 == 0  # it is better from the ninth epoch on
        loss = 0.1 if needle and trial.until >= 9 else CHANCE
        asha.report(trial, trial.until, loss)
        if trial.until == 27 and loss < CHANCE:
            found = trial.id
    assert found is not None


@pytest.mark.parametrize("scheduler", ["asha_promotion", "asha_stopping", "pasha"])
def test_the_record_says_which_of_equal_trials_have_gone_on(scheduler, tmp_path):
    def make(problem, streams):
        return create("scheduler", scheduler, problem, streams, RandomSearch(problem, streams))

    setup = Setup(benchmark=ToyBenchmark(curves="constant"), fail_at={2: 1, 7: 3})
    check_fold_equals_live(make, setup, tmp_path, at=range(0, 1000, 4))


class Crowd:
    """A rung where most trials are equal, and some wait, have gone on, or have failed."""

    def __init__(self):
        self.rung, self.n = Rung(1, 1 / 3), 0

    def grow(self, size):
        while self.n < size:
            self.come()

    def come(self):
        trial_id = self.n
        self.rung.add(trial_id, 0.001 * (trial_id % 7) if trial_id % 5 == 0 else CHANCE)
        self.rung.wait(trial_id)
        promoted = self.rung.promotable()
        if promoted is not None:
            self.rung.go_on(promoted)
        if trial_id % 11 == 10:
            failed = trial_id // 2
            self.rung.end_wait(failed)
            self.rung.remove(failed)
        self.n += 1


def test_a_trial_costs_no_more_among_many_equal_ones():
    crowd = Crowd()

    def a_hundred():
        for _ in range(100):
            crowd.come()

    rule = "What a trial costs grows with those that are equal"
    check_growth(crowd, a_hundred, count_steps, sizes=(200, 1000, 5000), power=0.15, rule=rule)
