"""What an experiment is made of is looked at before it begins."""

import pytest

from tunekit_core import AskTell, ConfigurationError, Observer, PluginError, Streams, Tuner
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.errors import ComponentError

HERE = "module tests.core.test_parts"


@pytest.fixture
def streams():
    return Streams(0)


@pytest.fixture
def parts(problem, streams, scripted_backend):
    """Components that go together."""
    return {
        "scheduler": Fifo(problem, streams, RandomSearch(problem, streams)),
        "backend": scripted_backend(problem, lambda t, run: [0.5], lag=0.0, batch=1, on_close=lambda: None),
    }


@pytest.mark.parametrize(
    ("part", "given", "refusal"),
    [
        (
            "scheduler",
            None,
            "None is no scheduler: give an object whose class is a subclass of tunekit_core.Scheduler.",
        ),
        ("scheduler", Fifo, "<class 'tunekit_core.builtin.fifo.Fifo'> is no scheduler: give an object"),
        (
            "backend",
            "local",
            "'local' is no backend: give an object whose class is a subclass of tunekit_core.Backend.",
        ),
        ("stopping", [600], "600 is no stopping criterion: give an object whose class is a subclass of"),
        ("composers", [dict], "<class 'dict'> is no composer: give an object whose class is a subclass of"),
        ("observers", [Observer], "<class 'tunekit_core.contracts.observers.Observer'> is no observer: give an"),
    ],
)
def test_what_is_no_component_of_its_kind_is_refused(parts, part, given, refusal):
    with pytest.raises(ConfigurationError) as caught:
        Tuner(**{**parts, part: given})
    assert str(caught.value).startswith(refusal)


def test_what_is_no_scheduler_is_refused_also_where_the_caller_runs_the_trials():
    with pytest.raises(ConfigurationError, match=r"^None is no scheduler: "):
        AskTell(None)


def test_a_scheduler_that_did_not_call_the_init_of_its_contract_is_named(parts):
    class Forgets(Fifo):
        name = "forgets"

        def __init__(self):
            pass

    with pytest.raises(PluginError) as caught:
        Tuner(**{**parts, "scheduler": Forgets()})
    assert str(caught.value) == (
        f"The scheduler 'forgets' ({HERE}) has problem=None, where a Problem is needed: its __init__ has to call "
        "super().__init__(…) with what it is given."
    )


@pytest.mark.parametrize(
    ("part", "name", "needed"), [("scheduler", "searcher", "Searcher"), ("backend", "benchmark", "Benchmark")]
)
def test_a_component_that_lacks_a_part_is_named(parts, part, name, needed):
    setattr(parts[part], name, None)
    with pytest.raises(PluginError, match=f" has {name}=None, where a {needed} is needed: "):
        Tuner(**parts)


def test_an_attribute_that_raises_an_error_is_one_of_its_component(parts, problem, streams):
    class Computes(Fifo):
        name = "computes"

        @property
        def needs(self):
            raise ZeroDivisionError("oh")

    scheduler = Computes(problem, streams, RandomSearch(problem, streams))
    with pytest.raises(ComponentError) as caught:
        Tuner(**{**parts, "scheduler": scheduler})
    assert str(caught.value) == (
        f"The scheduler 'computes' ({HERE}) raised ZeroDivisionError in needs: oh. Add --debug to see where."
    )


def observer(on_report):
    return type("Watches", (Observer,), {"name": "watches", "__module__": __name__, "on_report": on_report})


@pytest.mark.parametrize(
    "on_report",
    [lambda self: None, lambda self, view, trial, report: None, staticmethod(lambda v, t, r, d, more: None), 5],
    ids=["nothing", "one fewer", "one more", "no method"],
)
def test_a_method_that_cannot_be_called_as_its_contract_says_is_named_before_anything_begins(parts, problem, on_report):
    with pytest.raises(PluginError) as caught:
        Tuner(**parts, observers=[observer(on_report)(problem, None)])
    assert str(caught.value) == (
        f"The observer 'watches' ({HERE}) cannot be asked: its contract has on_report(view, trial, report, decision)."
    )


@pytest.mark.parametrize(
    "on_report",
    [
        lambda self, *args: None,
        lambda self, v, t, r, d, more=3: None,
        staticmethod(lambda v, t, r, d: None),
        classmethod(lambda cls, v, t, r, d: None),
        dict,
    ],
    ids=["any", "one more with a default", "static", "of the class", "without a signature"],
)
def test_a_method_may_take_what_its_contract_says_in_its_own_way(parts, problem, on_report):
    Tuner(**parts, observers=[observer(on_report)(problem, None)])


def test_criteria_and_composers_are_looked_at_too(parts, problem):
    class Adds(ResultComposer):
        name = "adds"

        def __call__(self, view):
            return {}

    class Ends(StoppingCriterion):
        name = "ends"

        def __call__(self):
            return None

    for given in ({"composers": [Adds(problem)]}, {"stopping": [Ends(problem)]}):
        with pytest.raises(PluginError, match=r"cannot be asked: its contract has __call__\(view"):
            Tuner(**parts, **given)
