"""What every scheduler must keep to."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Decision, Report, Status
from tunekit_core.engine.events import Decided, Recorded, Resumed, Started
from tunekit_core.randomness import Streams
from tunekit_core.testing.columns import check_columns
from tunekit_core.testing.experiments import Setup, live
from tunekit_core.testing.explaining import check_explanations
from tunekit_core.testing.feeding import FedScheduler
from tunekit_core.testing.growth import check_growth, count_steps, peak_memory, shortest_time
from tunekit_core.testing.hash_order import check_hash_order
from tunekit_core.testing.problems import check_many_metrics, check_no_known_end
from tunekit_core.testing.replay import check_fold_equals_live, first_difference
from tunekit_core.testing.told import what_is_told
from tunekit_core.testing.toy import ToyBenchmark, toy_problem

Make = Callable[[Problem, Streams, Searcher], Scheduler]
MakeScheduler = Callable[[Problem, Streams], Scheduler]

FAILURES = {2: 0, 4: 1, 7: 3}
EVENTFUL = Setup(fail_at=FAILURES, max_evaluations=160)
FEW = (500, 1000, 2000, 4000)
MANY = (1000, 2000, 4000, 8000)


class SchedulerContract:
    """Subclass it in a plugin's tests and override :meth:`make`.

    Attributes:
        n_workers: Numbers of workers that it fills; smaller ones where it never has so many trials run at once.
    """

    n_workers: ClassVar[Sequence[int]] = (1, 4, 16)

    @pytest.fixture
    def make(self) -> Make:
        """Builds the scheduler under test from problem, streams and searcher."""
        raise NotImplementedError("override the fixture 'make'")

    @pytest.fixture
    def scheduler(self, make: Make) -> MakeScheduler:
        """Builds the scheduler over random search."""
        return lambda problem, streams: make(problem, streams, RandomSearch(problem, streams))

    def test_replaying_the_events_gives_the_same_next_suggestion_at_every_prefix(
        self, scheduler: MakeScheduler, tmp_path: Path
    ) -> None:
        """The state is the fold of the events."""
        check_fold_equals_live(scheduler, Setup(fail_at=FAILURES), tmp_path)

    def test_it_goes_on_where_it_was_when_its_process_has_died(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """What is suggested after that is the fold of the events too; here reports come late and jump."""
        setup = Setup(
            benchmark=ToyBenchmark(reports_every=2),
            lag=2.0,
            dies_after=(31, 87),
            n_workers=(3, 2, 4),
            fail_at=FAILURES,
            lose_at={(1, 0): 2, (3, 0): 0},
        )
        check_fold_equals_live(scheduler, setup, tmp_path, at=range(0, 10_000, 3))

    def test_suggest_changes_nothing(self, scheduler: MakeScheduler) -> None:
        """Asked twice, it answers twice the same."""
        fed = FedScheduler(scheduler)
        for n_reports in (0, 20, 40):
            fed.grow(n_reports)
            answers = [repr(fed.state.scheduler.suggest(fed.state.n_started)) for _ in range(2)]
            assert answers[0] == answers[1], "suggest() changes nothing: asked twice, it answers twice the same."

    def test_the_same_seed_gives_the_same_experiment(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """And another seed another one."""
        one, same, other = (live(scheduler, Setup(seed=seed), tmp_path / str(i)) for i, seed in enumerate((1, 1, 2)))
        difference = first_difference(one.events, same.events)
        assert not difference, f"The same seed gives the same experiment. {difference}"
        assert one.record != other.record, (
            "Another seed gives another experiment: draw from the streams that are given."
        )

    def test_nothing_depends_on_the_order_of_hashes(
        self, scheduler: MakeScheduler, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        """Another process has another; sets are sorted before they are gone through."""
        check_hash_order(lambda folder: live(scheduler, Setup(seed=1), folder).record, tmp_path, request)

    def test_its_searcher_is_told_what_happens_to_every_trial(self, make: Make, tmp_path: Path) -> None:
        """Starts with the searcher's note, targets, reports, pauses, resumptions and ends."""
        told = what_is_told(make, EVENTFUL, tmp_path)
        rule = "A scheduler tells its searcher what happens to every trial"
        started = [trial.id for trial in told.trials]
        assert [trial_id for trial_id, _ in told.calls["on_start"]] == started, f"{rule}: on_start() for every start."
        assert all(has_its_note for _, has_its_note in told.calls["on_start"]), (
            "The note of a proposal goes into the note of its Start, and so comes back to the searcher."
        )
        targeted = Counter(target.trial_id for target in told.targets)
        for trial_id in started:
            assert targeted[trial_id], (
                f"{rule}: on_target() at every start. Nobody said where trial {trial_id} is pending."
            )
        resumed = [trial_id for (trial_id,) in told.calls["on_resume"]]
        assert resumed == told.resumed, f"{rule}: on_resume() for every resumption."
        paused = [trial_id for (trial_id,) in told.calls["on_pause"]]
        assert paused == told.paused, f"{rule}: on_pause() for every pause."
        for trial_id in set(resumed):
            assert targeted[trial_id] > resumed.count(trial_id), f"{rule}: on_target() at every resumption."
        completed = {trial.id for trial in told.trials if trial.status is Status.COMPLETED}
        assert {report.trial_id for report in told.shown} >= completed, (
            f"{rule}: on_report() for what it compares, at least one of a complete trial."
        )
        ends = [(trial.id, trial.status) for trial in told.trials if trial.status.final]
        assert sorted(told.calls["on_end"], key=lambda end: end[0]) == ends, f"{rule}: on_end() for every end."

    def test_its_searcher_sees_reports_as_they_are_and_once(self, make: Make, tmp_path: Path) -> None:
        """All of them, or those that the scheduler lets it see."""
        told = what_is_told(make, EVENTFUL, tmp_path)
        given = {_place(report): report for report in told.reports}
        for report in told.shown:
            assert report == given.get(_place(report)), (
                "A searcher is shown reports as the scheduler was given them: on_report() was called with "
                f"{report}, and the scheduler was given {given.get(_place(report))}."
            )
        times = Counter(map(_place, told.shown))
        for (trial_id, _, resource), n in times.items():
            assert n == 1, (
                "A searcher is shown a report once: on_report() was called "
                f"{n} times for trial {trial_id} at resource {resource}."
            )

    def test_its_searcher_is_told_the_resource_where_a_trial_is_pending(self, make: Make, tmp_path: Path) -> None:
        """The trial is on its way there, and the searcher sees what it reports when it comes there."""
        told = what_is_told(make, EVENTFUL, tmp_path)
        shown = set(map(_place, told.shown))
        for number, (trial_id, resource, reached, until) in enumerate(told.targets):
            rule = f"on_target() says where a trial is pending: for trial {trial_id} it said {resource}"
            if until is not None:
                assert resource == until, f"{rule}, and the trial was sent to {until}."
            if resource is None:
                continue
            assert resource <= 9, f"{rule}, above max_resource=9."
            assert resource > reached, f"{rule}, and the trial had reached {reached}."
            later = [target for target in told.targets[number + 1 :] if target.trial_id == trial_id]
            if any(target.reached < resource for target in later):
                continue  # before it came there it was sent elsewhere
            came = next((r for r in told.reports if r.trial_id == trial_id and r.resource >= resource), None)
            assert came is None or _place(came) in shown, f"{rule}, and the searcher is not shown the report there."

    @pytest.mark.parametrize("curves", ["constant", "broken"])
    def test_ties_and_metrics_that_are_not_finite_are_survived(
        self, scheduler: MakeScheduler, curves: Any, tmp_path: Path
    ) -> None:
        """The experiment goes on to its end."""
        lived = live(scheduler, Setup(benchmark=ToyBenchmark(curves=curves)), tmp_path)
        assert lived.result.n_reports == 80, (
            "Ties and metrics that are not finite are survived: the experiment goes on to its end."
        )

    def test_a_score_to_maximise_is_the_mirror_of_a_loss(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Same trials, same decisions."""
        minimised = live(scheduler, Setup(), tmp_path / "min").events
        maximised = live(scheduler, Setup(benchmark=ToyBenchmark(mode="max")), tmp_path / "max").events
        difference = first_difference([*map(_without_metrics, minimised)], [*map(_without_metrics, maximised)])
        assert not difference, (
            "Losses are compared, not metrics: a score to maximise gives the same decisions as the loss that it "
            f"mirrors. {difference}"
        )

    def test_it_takes_all_metrics_that_it_says_it_takes(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Two here, if it says ``objectives = "many"``."""
        check_many_metrics(scheduler, lambda scheduler: scheduler, EVENTFUL, tmp_path)

    def test_trials_may_have_no_known_end(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Then ``max_resource`` is ``None``; it may refuse such a problem."""
        check_no_known_end(scheduler, EVENTFUL, tmp_path)

    def test_an_exhausted_space_ends_the_experiment(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Every configuration has had one trial."""
        if "copy" in scheduler(toy_problem(ToyBenchmark()), Streams(0)).needs:
            pytest.skip("trials that start from the checkpoints of others may have configurations once more")
        setup = Setup(benchmark=ToyBenchmark(finite=True), max_evaluations=10_000, max_trials=30)
        lived = live(scheduler, setup, tmp_path)
        assert lived.result.n_trials == 24, "Every configuration of a finite space has one trial."
        assert lived.result.reason == "nothing is left to suggest", (
            "suggest() returns None where the searcher has nothing left and no paused trial is to go on."
        )

    def test_failed_trials_are_not_resumed(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Neither those that never started nor those that died."""
        setup = Setup(fail_at={0: 0, 1: 1, 3: 3, 5: 1}, max_evaluations=150)
        try:
            lived = live(scheduler, setup, tmp_path)
        except AssertionError as error:
            raise AssertionError(f"A trial that has failed is not resumed. {error}") from error
        ends = [event for event in lived.events if isinstance(event, TrialEnded)]
        assert any(event.status is Status.FAILED for event in ends)  # most may have been stopped before they could fail

    def test_a_trial_that_reaches_the_last_resource_completes(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """The decision there is to continue."""
        lived = live(scheduler, Setup(max_evaluations=400), tmp_path)
        decisions = [
            after.decision
            for event, after in itertools.pairwise(lived.events)
            if isinstance(event, TrialReported) and event.metrics["epoch"] == 9 and isinstance(after, Decided)
        ]
        assert decisions, "Some trial of many comes to the last resource."
        assert set(decisions) == {Decision.CONTINUE}, (
            "At the last resource the decision is CONTINUE: the trial is complete."
        )

    def test_what_it_does_is_declared(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """``needs`` names what an action needs of a backend, and nothing else."""
        lived = live(scheduler, Setup(max_evaluations=160), tmp_path)  # an action that is not declared is refused there
        problem = toy_problem(ToyBenchmark())
        needs = scheduler(problem, Streams(0)).needs
        assert needs <= {"pause", "copy"}, "needs names 'pause', 'copy', both or nothing."
        pauses = [e for e in lived.events if isinstance(e, Resumed) or (isinstance(e, Started) and e.until is not None)]
        assert pauses or "pause" not in needs, "needs names what is done: 'pause' is declared, and no trial pauses."

    def test_what_it_says_it_decides_by_holds(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Of one that explains its decisions."""
        check_explanations(scheduler, EVENTFUL, tmp_path)

    def test_a_trial_that_somebody_asked_for_is_taken_as_any_other(self, scheduler: MakeScheduler) -> None:
        """It begins with an empty note, and is to run to the end."""
        rule = "on_start() takes a trial that was not suggested, with an empty note"
        for n_reports in (0, 20):
            fed = FedScheduler(scheduler)
            fed.grow(n_reports)
            try:
                trial = fed.ask_for({})
                fed.grow(60)
            except Exception as error:
                raise AssertionError(f"{rule}: it raised {type(error).__name__}: {error}") from error
            assert trial.last_report is not None

    def test_its_columns_are_scalars_under_the_same_names(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Composers may rely on them, from before the first report on."""
        setup = attrs.evolve(EVENTFUL, benchmark=ToyBenchmark(curves="broken"))
        check_columns(scheduler, lambda scheduler: scheduler, setup, tmp_path)

    def test_it_fills_the_workers_that_there_are(self, scheduler: MakeScheduler, tmp_path: Path) -> None:
        """Few or many, and goes on while configurations are left: nothing else than a criterion ends the experiment."""
        for n_workers in self.n_workers:
            setup = Setup(n_workers=(n_workers,), max_evaluations=160)
            lived = live(scheduler, setup, tmp_path / str(n_workers))
            rule = f"A scheduler fills the workers that there are, {n_workers} here"
            reason, n_reports = lived.result.reason, lived.result.n_reports
            assert n_reports == 160, (
                f"{rule}: after {n_reports} of 160 reports the experiment ended by {reason!r}, where the searcher has "
                "configurations left."
            )
            most = _most_at_the_same_time(lived.events)
            assert most == n_workers, f"{rule}: never more than {most} trials ran at the same time."

    def test_the_cost_of_an_event_does_not_grow_with_the_number_of_trials(self, scheduler: MakeScheduler) -> None:
        """By instructions of Python, by memory, and by processor time."""
        rule = "The cost of an event does not grow with the number of trials, or hardly"
        for cost, sizes in ((count_steps, FEW), (peak_memory, MANY), (shortest_time, MANY)):
            fed = FedScheduler(scheduler)

            def hundred_reports(fed: FedScheduler = fed) -> None:
                fed.grow(fed.state.n_reports + 100)

            check_growth(fed, hundred_reports, cost, sizes=sizes, power=0.5, rule=rule)


def _most_at_the_same_time(events: list[Recorded]) -> int:
    """Of the trials of an experiment."""
    began = (isinstance(event, Started | Resumed) - isinstance(event, TrialEnded) for event in events)
    return max(itertools.accumulate(began), default=0)


def _place(report: Report) -> tuple[int, int, int]:
    """What no two reports share."""
    return report.trial_id, report.run, report.resource


def _without_metrics(event: Recorded) -> Recorded:
    return attrs.evolve(event, metrics={}) if isinstance(event, TrialReported) else event
