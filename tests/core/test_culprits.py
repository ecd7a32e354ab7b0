"""A component that raises an error is named: kind, distribution and version or module, method, trial."""

import functools
import inspect

import pytest

from tunekit_core import create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import Backend, StartFailed
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Decision, Resume, Start, Stop
from tunekit_core.errors import ComponentError, ConfigurationError

HERE = "module tests.core.test_culprits"


class Busy(Fifo):
    """Pauses trial 0 and resumes it, stops trial 1, and tells its searcher everything."""

    name = "busy"
    needs = frozenset({"pause", "copy"})
    paused = False
    gone = ()

    def suggest(self, trial_id):
        if self.paused:
            return Resume(0)
        proposal = self.searcher.suggest(trial_id, resource=1)
        return Start(proposal.configuration, until=1) if trial_id < 2 else None

    def on_start(self, trial):
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, 1)

    def on_resume(self, trial, note):
        self.paused = False
        self.searcher.on_resume(trial, note)

    def on_report(self, trial, report):
        self.searcher.on_report(trial, report)
        return Decision.CONTINUE if report.resource > 1 else Decision.STOP if trial.id else Decision.PAUSE

    def on_pause(self, trial):
        self.paused = True
        self.searcher.on_pause(trial)

    def on_end(self, trial, outcome):
        self.gone = (trial.id,)
        self.searcher.on_end(trial, outcome)

    def released(self):
        return self.gone

    def least_promising(self, among):
        return 0


class Says(RandomSearch):
    name = "says"


class Never(StoppingCriterion):
    name = "never"

    def __call__(self, view):
        return None


class Shows(ResultComposer):
    name = "shows"

    def __call__(self, view, trial, report):
        return dict(view.columns())


class Watches(Observer):
    name = "watches"

    def __init__(self, problem):
        super().__init__(problem, None)


@pytest.fixture
def able(scripted_backend):
    """A backend that can copy, and keeps no checkpoint of a paused trial."""

    class Able(scripted_backend):
        name = "able"
        capabilities = frozenset({"pause", "checkpoint", "copy"})
        max_checkpoints = 0

    return Able


def raising(contract, method, error):
    """A method of a contract as a plugin has it, with the names of its arguments, that raises an error."""
    signature = inspect.signature(getattr(contract, method))
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    text = signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)
    namespace = {"error": error}
    exec(f"def {method}{text}:\n    raise error", namespace)
    return namespace[method]


METHODS = [
    *((Scheduler, Busy, "scheduler", m) for m in ("suggest", "on_workers", "on_start", "on_resume", "on_report")),
    *((Scheduler, Busy, "scheduler", m) for m in ("on_pause", "on_end", "released", "columns")),
    (Busy, Busy, "scheduler", "least_promising"),
    *((Searcher, Says, "searcher", m) for m in ("suggest", "on_start", "on_resume", "on_target", "on_report")),
    *((Searcher, Says, "searcher", m) for m in ("on_pause", "on_end", "columns")),
    *((Backend, None, "backend", m) for m in ("open", "start", "resume", "pause", "stop", "wait", "now")),
    *((Backend, None, "backend", m) for m in ("release", "drop_checkpoint", "close")),
    *((StoppingCriterion, Never, "stopping criterion", m) for m in ("__call__", "deadline")),
    (ResultComposer, Shows, "composer", "__call__"),
    *((Observer, Watches, "observer", m) for m in ("on_experiment_start", "on_trial_start", "on_trial_resume")),
    *((Observer, Watches, "observer", m) for m in ("on_report", "on_trial_end", "on_experiment_end")),
]
ABOUT_A_TRIAL = ("trial", "trial_id")


@pytest.fixture
def play_with(play, able):
    """Plays with all kinds of components, one of them changed."""

    def run(kind, changed, **options):
        parts = {
            "scheduler": Busy,
            "searcher": Says,
            "backend": able,
            "stopping criterion": Never,
            "composer": Shows,
            "observer": Watches,
        }
        parts[kind] = changed(parts[kind])
        return play(
            lambda t, run: [0.5] * 9,
            scheduler=parts["scheduler"],
            searcher=parts["searcher"],
            backend=parts["backend"],
            stopping=[parts["stopping criterion"]],
            composers=[parts["composer"]],
            observers=[parts["observer"]],
            **options,
        )

    return run


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), SystemExit("oh"), ValueError("oh")], ids=type)
@pytest.mark.parametrize(("contract", "base", "kind", "method"), METHODS)
def test_what_a_component_raises_is_its_error(play_with, contract, base, kind, method, error):
    def changed(part):
        return type(part.__name__, (part,), {method: raising(contract, method, error), "__module__": __name__})

    played = play_with(kind, changed, raises=ComponentError)
    name = base.name if base else "able"
    message = str(played.error)
    assert message.startswith(f"The {kind} '{name}' ({HERE}) raised {type(error).__name__} in {method}")
    assert message.endswith(": oh. Add --debug to see where.")
    is_about_a_trial = any(
        parameter in ABOUT_A_TRIAL for parameter in inspect.signature(getattr(contract, method)).parameters
    )
    assert (f" in {method} for trial " in message) == is_about_a_trial
    facts = played.error
    assert (facts.kind, facts.name, facts.origin, facts.method) == (kind, name, HERE, method)
    assert isinstance(facts.trial_id, int) == is_about_a_trial
    assert facts.__cause__ is error
    assert (played.metadata["status"], played.metadata["reason"]) == ("failed", message)
    assert played.backend.closed == (method != "close")


def every_argument(error):
    def method(*args, **kwargs):
        raise error

    return method


def without_self(error):
    def method(view, trial, report, decision):
        raise error

    return staticmethod(method)


def with_one_bound(error):
    def method(bound, view, trial, report, decision):
        raise error

    return staticmethod(functools.partial(method, 3))  # from Python 3.14 on it would be bound otherwise


def wrapped(error):
    def method(self, view, trial, report, decision):
        raise error

    @functools.wraps(method)
    def outer(*args, **kwargs):
        return method(*args, **kwargs)

    return outer


def of_another_name(error):
    def elsewhere(self, view, trial, report, decision):
        raise error

    return elsewhere


@pytest.mark.parametrize("made", [every_argument, without_self, with_one_bound, wrapped, of_another_name])
def test_a_method_is_named_however_it_is_written(play_with, made):
    def changed(part):
        return type(part.__name__, (part,), {"on_report": made(ZeroDivisionError("oh")), "__module__": __name__})

    played = play_with("observer", changed, raises=ComponentError)
    assert str(played.error).startswith(f"The observer 'watches' ({HERE}) raised ZeroDivisionError in on_report")


def test_an_error_without_text_is_named(play_with):
    class Mute(Exception):
        def __str__(self):
            raise ZeroDivisionError

    def changed(part):
        return type(part.__name__, (part,), {"on_report": every_argument(Mute()), "__module__": __name__})

    played = play_with("observer", changed, raises=ComponentError)
    assert "raised Mute in on_report: (its text cannot be read: ZeroDivisionError). Add" in str(played.error)


@pytest.mark.parametrize("method", ["wait", "stop"])
def test_that_a_start_failed_says_a_backend_only_where_it_starts_trials(play_with, method):
    def changed(part):
        error = StartFailed("no")
        return type(part.__name__, (part,), {method: raising(Backend, method, error), "__module__": __name__})

    played = play_with("backend", changed, raises=ComponentError)
    assert str(played.error).startswith(f"The backend 'able' ({HERE}) raised StartFailed in {method}")


def test_nothing_is_raised_where_nothing_is_broken(play_with):
    played = play_with("scheduler", lambda part: part)
    assert (played.metadata["n_completed"], played.metadata["n_stopped"]) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("scheduler", "suggest"),
        ("searcher", "on_report"),
        ("backend", "wait"),
        ("composer", "__call__"),
        ("observer", "on_trial_end"),
        ("stopping criterion", "__call__"),
    ],
)
def test_an_interruption_from_the_keyboard_is_nobodys_error(play_with, kind, method):
    contract = {kind: contract for contract, _, kind, _ in METHODS}[kind]

    def changed(part):
        return type(part.__name__, (part,), {method: raising(contract, method, KeyboardInterrupt())})

    played = play_with(kind, changed, raises=KeyboardInterrupt)
    assert (played.metadata["status"], played.metadata["reason"]) == ("interrupted", "interrupted from the keyboard")


def test_what_comes_from_a_distribution_is_named_with_its_version(play, monkeypatch):
    def on_report(self, trial, report):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(Fifo, "on_report", on_report)
    played = play(lambda t, run: [0.5], raises=ComponentError)
    assert str(played.error) == (
        "The scheduler 'fifo' (tunekit-hpo 0.1.0) raised ZeroDivisionError in on_report for trial 0: oh. "
        "Add --debug to see where."
    )


def test_the_component_in_which_it_happened_is_named_not_the_one_that_called(play_with):
    class Breaks(Says):
        def on_target(self, trial, resource):
            self.look_up(trial)

        def look_up(self, trial):
            return {}["model"]

    played = play_with("searcher", lambda part: Breaks, raises=ComponentError)
    assert str(played.error).startswith(
        f"The searcher 'says' ({HERE}) raised KeyError in on_target for trial 0: 'model'."
    )


def test_a_component_that_misuses_what_it_is_given_is_named(play_with):
    class Misuses(Shows):
        def __call__(self, view, trial, report):
            return {"last": list(view.running)[17].id}

    played = play_with("composer", lambda part: Misuses, raises=ComponentError)
    assert f"The composer 'shows' ({HERE}) raised IndexError in __call__ for trial 0" in str(played.error)


def test_a_component_without_a_name_is_called_by_its_class(play):
    class Nameless(Observer):
        def on_trial_start(self, view, trial):
            raise OSError("no space left")

    played = play(lambda t, run: [0.5], observers=[lambda problem: Nameless(problem, None)], raises=ComponentError)
    assert f"The observer 'Nameless' ({HERE}) raised OSError in on_trial_start for trial 0" in str(played.error)


def test_what_tunekit_raises_on_purpose_stays_as_it_is(play):
    class Refuses(Fifo):
        def on_start(self, trial):
            raise ConfigurationError("scheduler.alpha=2 must be below 1.", option="scheduler.alpha", value=2)

    played = play(lambda t, run: [0.5], scheduler=Refuses, raises=ConfigurationError)
    assert played.metadata["reason"] == "scheduler.alpha=2 must be below 1."


def refuse():
    """What a component calls, in its own package."""
    raise ConfigurationError("scheduler.beta=2 must be below 1.")


def test_what_other_code_of_its_package_raises_on_purpose_stays_as_it_is(play):
    class Refuses(Fifo):
        def on_start(self, trial):
            refuse()

    played = play(lambda t, run: [0.5], scheduler=Refuses, raises=ConfigurationError)
    assert played.metadata["reason"] == "scheduler.beta=2 must be below 1."


def test_what_the_core_raises_on_purpose_for_a_component_is_its_error(play):
    class Asks(Fifo):
        def on_start(self, trial):
            self.problem.space.complete({"no such": 3})

    played = play(lambda t, run: [0.5], scheduler=Asks, raises=ComponentError)
    assert "raised ConfigurationError in on_start for trial 0" in str(played.error)


def test_an_error_while_others_clean_up_does_not_hide_the_first(play, able):
    class Breaks(Fifo):
        def on_report(self, trial, report):
            raise ZeroDivisionError("first")

    def fail():
        raise RuntimeError("second")

    played = play(lambda t, run: [0.5], scheduler=Breaks, on_close=fail, raises=ComponentError)
    first = played.error.__cause__.__context__
    assert "The scheduler '" in str(first)
    assert isinstance(first.__cause__, ZeroDivisionError)


def test_a_stop_is_carried_out_by_the_backend_which_is_named_where_it_fails(play, scripted_backend):
    class Stops(Fifo):
        def suggest(self, trial_id):
            return Stop(0) if trial_id else super().suggest(trial_id)

    class CannotStop(scripted_backend):
        def stop(self, trial):
            raise ConnectionError("no route to host")

    stopping = [lambda problem: create("stopping", "max_num_evaluations", problem, count=3)]
    played = play(
        lambda t, run: [0.5] * 9,
        scheduler=Stops,
        backend=CannotStop,
        n_workers=2,
        stopping=stopping,
        raises=ComponentError,
    )
    assert f"The backend 'scripted' ({HERE}) raised ConnectionError in stop for trial 0" in str(played.error)
