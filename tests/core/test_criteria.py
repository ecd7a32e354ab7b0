"""When an experiment ends. A count of 256 means 256."""

import math

import pytest

from tunekit_core import (
    ConfigurationError,
    Decision,
    Objective,
    StartFailed,
    Status,
    StoppingCriterion,
    Streams,
    TrialEnded,
    Tuner,
    create,
)
from tunekit_core.builtin import criteria
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.plugins.registry import registry
from tunekit_core.testing import ToyBackend, ToyBenchmark


def ends(name, **options):
    """A function from the problem to the criterion."""
    return lambda problem: create("stopping", name, problem, **options)


class StopSecond(Fifo):
    """Stops trials 1, 3, 5, … at epoch 2."""

    def on_report(self, trial, report):
        return Decision.STOP if trial.id % 2 and report.resource == 2 else Decision.CONTINUE


@pytest.mark.parametrize("n_workers", [1, 4])
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_256_evaluations_are_256_also_when_many_come_at_once(play, n_workers, batch):
    stopping = [ends("max_num_evaluations", count=256)]
    played = play(lambda t, run: [0.5] * 9, stopping=stopping, n_workers=n_workers, batch=batch)
    assert played.result.n_reports == 256
    assert played.result.reason == "256 evaluations were made"
    assert sum(event["event"] == "report" for event in played.events) == 256


def test_256_trials_started_are_256(play):
    played = play(lambda t, run: [0.5], stopping=[ends("max_num_trials_started", count=256)], n_workers=3, batch=5)
    assert played.result.n_trials == 256
    assert played.result.reason == "256 trials were started"


@pytest.mark.parametrize("n_workers", [1, 2, 4])
def test_all_trials_started_run_to_their_end(play, n_workers):
    stopping = [ends("max_num_trials_started", count=3)]
    played = play(lambda t, run: [0.5] * (3 - t), stopping=stopping, n_workers=n_workers)
    assert (played.result.n_trials, played.metadata["n_completed"]) == (3, 3)
    assert played.result.reason == "3 trials were started"


def test_another_criterion_cuts_short_the_end_of_the_trials_started(play):
    stopping = [ends("max_num_trials_started", count=2), ends("max_num_evaluations", count=4)]
    played = play(lambda t, run: [0.5] * 9, stopping=stopping, n_workers=2)
    assert (played.result.n_trials, played.result.n_reports) == (2, 4)
    assert played.result.reason == "4 evaluations were made"


@pytest.mark.parametrize("batch", [1, 4])
def test_256_trials_completed_are_256_and_stopped_or_failed_ones_do_not_count(play, batch):
    script = lambda t, run: [Status.FAILED] if t % 5 == 0 else [0.5] * 3
    played = play(
        script,
        scheduler=StopSecond,
        stopping=[ends("max_num_trials_completed", count=256)],
        n_workers=3,
        batch=batch,
    )
    assert played.metadata["n_completed"] == 256
    assert played.metadata["n_stopped"] > 0
    assert played.metadata["n_failed"] > 0


@pytest.mark.parametrize("batch", [1, 4])
def test_256_trials_finished_are_completed_stopped_and_failed_ones(play, batch):
    script = lambda t, run: [StartFailed("no")] if t % 5 == 0 else [0.5] * 3
    played = play(
        script, scheduler=StopSecond, stopping=[ends("max_num_trials_finished", count=256)], n_workers=3, batch=batch
    )
    counts = [played.metadata[f"n_{kind}"] for kind in ("completed", "stopped", "failed")]
    assert sum(counts) == 256
    assert min(counts) > 0


def test_paused_trials_are_not_finished(play):
    class PauseAll(Fifo):
        needs = frozenset({"pause"})

        def on_report(self, trial, report):
            return Decision.PAUSE

    stopping = [ends("max_num_trials_finished", count=1), ends("max_num_evaluations", count=5)]
    played = play(lambda t, run: [0.5], scheduler=PauseAll, stopping=stopping)
    assert played.result.reason == "5 evaluations were made"


def test_the_cost_counts_the_last_report_of_every_trial(play):
    script = lambda t, run: [{"epoch": e, "loss": 0.5, "st_worker_cost": 2.0 * e} for e in (1, 2, 3)]
    played = play(script, stopping=[ends("max_cost", cost=14.0)])
    assert (played.result.n_trials, played.result.n_reports) == (3, 7)  # 6 + 6 + 2
    assert played.result.reason == "the cost reached 14"


WITHOUT_COSTS = frozenset({"loss", "epoch"})


def tuner_with(backend, criterion):
    problem, streams = backend.problem, Streams(0)
    scheduler = Fifo(problem, streams, RandomSearch(problem, streams))
    return Tuner(scheduler=scheduler, backend=backend, stopping=[criterion(problem)])


def test_a_cost_that_no_report_carries_is_refused(make_problem):
    backend = ToyBackend(make_problem(metrics=WITHOUT_COSTS), ToyBenchmark(), None, Streams(0))
    with pytest.raises(ConfigurationError, match=r"^stopping\.max_cost=st_worker_cost: no report carries"):
        tuner_with(backend, ends("max_cost", cost=1))


def test_a_backend_that_cannot_tell_costs_says_so_where_they_are_needed(problem):
    class KnowsNoPrice(ToyBackend):
        def check_costs(self, option):
            raise ConfigurationError(f"{option}: no price is known.")

    backend = KnowsNoPrice(problem, ToyBenchmark(), None, Streams(0))
    with pytest.raises(ConfigurationError, match=r"^stopping\.max_cost: no price is known\.$"):
        tuner_with(backend, ends("max_cost", cost=1))
    tuner_with(backend, ends("max_num_trials_finished", count=1))


def test_a_backend_that_tells_costs_itself_needs_no_reports_with_them(play, scripted_backend, make_problem):
    class Tells(scripted_backend):
        def check_costs(self, option):
            pass

    script = lambda t, run: [0.5, TrialEnded(t, run, Status.COMPLETED, 0.0, cost=2.0)]
    problem = make_problem(metrics=WITHOUT_COSTS)
    played = play(script, problem=problem, backend=Tells, stopping=[ends("max_cost", cost=5)])
    assert (played.result.reason, played.result.n_trials) == ("the cost reached 5", 3)


@pytest.mark.parametrize(
    ("name", "mode", "losses", "value", "n_reports"),
    [
        ("min_metric_value", "min", [0.5, 0.31, 0.3, 0.1], 0.3, 3),
        ("min_metric_value", "min", [math.nan, -math.inf, 0.3], 0.3, 3),
        ("max_metric_value", "max", [0.5, 0.89, 0.9, 0.95], 0.9, 3),
        ("max_metric_value", "max", [math.inf, 0.9], 0.9, 2),
    ],
)
def test_a_metric_value_ends_it_as_soon_as_it_is_reached(play, make_problem, name, mode, losses, value, n_reports):
    problem = make_problem(objective=Objective("loss", mode, "epoch"))
    played = play(lambda t, run: losses, problem=problem, stopping=[ends(name, value=value)])
    assert played.result.n_reports == n_reports
    assert played.result.reason == f"loss reached {value}"


@pytest.mark.parametrize(
    ("name", "mode", "other"),
    [("min_metric_value", "max", "max_metric_value"), ("max_metric_value", "min", "min_metric_value")],
)
def test_a_metric_value_in_the_wrong_direction_is_refused(make_problem, name, mode, other):
    problem = make_problem(objective=Objective("loss", mode, "epoch"))
    with pytest.raises(ConfigurationError) as caught:
        ends(name, value=0.5)(problem)
    assert str(caught.value) == (
        f"stopping.{name}=0.5 would end the experiment at a bad value: the metric 'loss' has mode '{mode}'. "
        f"Use stopping.{other}."
    )
    assert caught.value.option == f"stopping.{name}"


@pytest.mark.parametrize(("allowed", "reason"), [(0, "1 trial failed"), (2, "3 trials failed")])
def test_more_failures_than_allowed_fail_the_experiment(play, allowed, reason):
    stopping = [ends("max_failures", count=allowed), ends("max_num_trials_started", count=100)]
    played = play(lambda t, run: [0.5] if t % 2 else [Status.FAILED], stopping=stopping)
    assert played.result.failed
    assert played.result.n_failed == allowed + 1
    assert played.metadata["status"] == "failed"
    assert played.metadata["reason"] == f"{reason}, more than max_failures={allowed}"


def test_as_many_failures_as_allowed_fail_nothing(play):
    stopping = [ends("max_failures", count=3), ends("max_num_trials_finished", count=6)]
    played = play(lambda t, run: [0.5] if t % 2 else [Status.FAILED], stopping=stopping)
    assert (played.result.failed, played.result.n_failed) == (False, 3)
    assert played.metadata["status"] == "completed"


def test_no_improvement_counts_the_trials_started_since(play):
    losses = {0: 0.9, 1: 0.5, 2: 0.5, 3: 0.7}
    stopping = [ends("no_improvement", trials=3)]
    played = play(lambda t, run: [losses.get(t, 0.6)], stopping=stopping)
    assert played.result.n_trials == 5  # 2, 3 and 4 since 1
    assert played.result.reason == "3 trials brought no improvement"


def test_no_improvement_waits_for_a_first_incumbent(play):
    played = play(
        lambda t, run: [math.nan],
        stopping=[ends("no_improvement", trials=2), ends("max_num_trials_finished", count=9)],
    )
    assert played.result.reason.startswith("9 trials were finished")


def test_the_deadline_is_reached_though_nothing_happens(play):
    played = play(lambda t, run: [0.5] * 9, stopping=[ends("max_wallclock_time", seconds=2.5)], n_workers=2)
    assert (played.result.time, played.result.n_reports) == (2.5, 4)
    assert played.result.reason == "2.5 s are over"


@pytest.mark.parametrize("batch", [1, 5])
def test_what_happens_at_the_deadline_counts(play, batch):
    played = play(lambda t, run: [0.5] * 9, stopping=[ends("max_wallclock_time", seconds=3.0)], batch=batch)
    assert (played.result.time, played.result.n_reports) == (3.0, 3)


def test_the_earliest_deadline_counts(play):
    stopping = [ends("max_wallclock_time", seconds=seconds) for seconds in (7.5, 1.5, 4.0)]
    assert play(lambda t, run: [0.5] * 9, stopping=stopping).result.time == 1.5


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_first_criterion_with_a_reason_gives_it(play, order):
    def says(word):
        class Says(StoppingCriterion):
            name = f"says_{word}"

            def __call__(self, view):
                return word if view.n_reports >= 3 else None

        return Says

    played = play(lambda t, run: [0.5] * 9, stopping=[says(word) for word in order])
    assert played.result.reason == played.metadata["reason"] == order[0]
    assert [event for event in played.events if event["event"] == "criterion"] == [
        {"event": "criterion", "name": f"says_{order[0]}", "reason": order[0], "time": 3.0}
    ]


def test_a_criterion_is_asked_after_every_event_and_before_every_start(play):
    asked = []

    class Asked(StoppingCriterion):
        name = "asked"

        def __call__(self, view):
            asked.append((view.n_started, view.n_reports, view.n_completed))
            return "enough" if view.n_completed == 2 else None

    play(lambda t, run: [0.5, 0.5], stopping=[Asked], batch=10)
    expected = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 2, 0), (1, 2, 1), (2, 2, 1), (2, 3, 1), (2, 4, 1), (2, 4, 2)]
    assert list(dict.fromkeys(asked)) == expected


def test_no_trial_starts_when_a_criterion_has_its_reason_at_the_beginning(play):
    class Never(StoppingCriterion):
        name = "never"

        def __call__(self, view):
            return "never"

    played = play(lambda t, run: [0.5], stopping=[Never])
    assert (played.result.n_trials, played.result.incumbent) == (0, None)


COUNTS = ["max_num_evaluations", "max_num_trials_started", "max_num_trials_completed", "max_num_trials_finished"]


@pytest.mark.parametrize(
    ("name", "option", "value", "allowed"),
    [
        *((name, "count", 0, "at least 1") for name in COUNTS),
        *((name, "count", -1, "at least 1") for name in COUNTS),
        ("max_wallclock_time", "seconds", 0.0, "above 0 and finite"),
        ("max_wallclock_time", "seconds", math.nan, "above 0 and finite"),
        ("max_wallclock_time", "seconds", math.inf, "above 0 and finite"),
        ("max_cost", "cost", -0.5, "above 0 and finite"),
        ("max_cost", "cost", math.inf, "above 0 and finite"),
        ("no_improvement", "trials", 0, "at least 1"),
        ("max_failures", "count", -1, "at least 0"),
    ],
)
def test_a_limit_out_of_range_is_refused(problem, name, option, value, allowed):
    with pytest.raises(ConfigurationError) as caught:
        ends(name, **{option: value})(problem)
    assert str(caught.value) == f"stopping.{name}={value} must be {allowed}."
    assert caught.value.option == f"stopping.{name}"


@pytest.mark.parametrize("name", ["min_metric_value", "max_metric_value"])
def test_a_metric_value_that_is_no_number_is_refused(make_problem, name):
    problem = make_problem(objective=Objective("loss", name[:3], "epoch"))
    with pytest.raises(ConfigurationError, match=rf"^stopping\.{name}=nan must be a number\.$"):
        ends(name, value=math.nan)(problem)


@pytest.mark.parametrize("name", [name for kind, name in registry().components if kind == "stopping"])
def test_only_failures_fail_an_experiment(name):
    assert registry().find("stopping", name).factory.is_failure == (name in ("max_failures", "no_success"))


def test_those_that_end_every_experiment_are_certain():
    criteria_of_all = [each for (kind, _), each in registry().components.items() if kind == "stopping"]
    assert {each.name for each in criteria_of_all if each.factory.is_certain} == {
        "max_wallclock_time",
        "max_num_trials_started",
        "max_num_trials_finished",
        "max_num_evaluations",
    }


def test_the_module_has_no_criterion_that_is_not_offered():
    classes = {value for value in vars(criteria).values() if isinstance(value, type) and value is not StoppingCriterion}
    offered = {component.factory for (kind, _), component in registry().components.items() if kind == "stopping"}
    assert {c for c in classes if issubclass(c, StoppingCriterion)} <= offered


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("max_num_evaluations", "1 evaluation was made"),
        ("max_num_trials_started", "1 trial was started"),
        ("max_num_trials_completed", "1 trial was completed"),
        ("max_num_trials_finished", "1 trial was finished"),
    ],
)
def test_one_is_said_in_the_singular(play, name, reason):
    assert play(lambda t, run: [0.5], stopping=[ends(name, count=1)], n_workers=1).result.reason == reason
