"""What a component declares as attributes has the form that its contract says: else it is named, whoever made it."""

import itertools
from types import ModuleType

import pytest

from tunekit_core import Launcher, PluginError, Streams, Tuner, builtin, hookimpl
from tunekit_core.builtin.criteria import MaxCost
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.builtin.rung_sizes import RungSizes
from tunekit_core.contracts.observers import Observer
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import build_registry
from tunekit_core.testing import ToyBackend, ToyBenchmark


class ToyWithOptions(ToyBackend):
    def __init__(self, problem, benchmark, folder, streams, options=None):
        super().__init__(problem, benchmark, folder, streams)


class LauncherWithNoJobs(Launcher):
    name = "nowhere"

    def plan(self, launch):
        return []

    def collect(self, launch):
        pass

    def launch(self, launch, tell):
        return True


PARENTS = {
    "searcher": ("searchers", RandomSearch),
    "scheduler": ("schedulers", Fifo),
    "backend": ("backends", ToyWithOptions),
    "benchmark": ("benchmarks", ToyBenchmark),
    "stopping": ("stopping_criteria", MaxCost),
    "composer": ("composers", RungSizes),
    "observer": ("observers", Observer),
    "launcher": ("launchers", LauncherWithNoJobs),
}
NEEDS = "it has to be a set of 'pause', 'copy', as frozenset({'pause'}) is"
CAPABILITIES = "it has to be a set of 'pause', 'checkpoint', 'copy', 'restore', as frozenset({'pause'}) is"
OBJECTIVES = "it has to be 'one' or 'many'"
FROM_0 = "it has to be a whole number from 0 on"
FROM_1 = "it has to be a whole number from 1 on"
FLAG = "it has to be True or False"
FAMILY = "it has to be text, empty for the name of the component"
NAME = "it has to be text that is not empty"
SAYS = "it has to be text, empty where it has nothing to say"
TEXT = "it has to be text, or None"

WRONG = [
    *(("scheduler", "needs", value, NEEDS) for value in ["pause", ["pause"], None, {"pause": True}, {"pauses"}, {1}]),
    *(("backend", "capabilities", value, CAPABILITIES) for value in ["pause", ("pause",), None, {"detach"}]),
    *((kind, "objectives", value, OBJECTIVES) for kind in ("searcher", "scheduler") for value in ["all", 2, None, []]),
    *(
        ("backend", name, value, FROM_0)
        for name in ("max_losses", "max_retries")
        for value in [None, -1, True, 1.0, "3"]
    ),
    *(("backend", "max_checkpoints", value, f"{FROM_0}, or None") for value in [-1, False, 1.5, "2"]),
    *(("backend", name, value, SAYS) for name in ("cost_unit", "cost_basis") for value in [None, 1]),
    *(("stopping", name, value, FLAG) for name in ("uses_cost", "uses_regret_bound") for value in [None, 1]),
    *((kind, "stream_family", value, FAMILY) for kind in ("searcher", "scheduler", "backend") for value in [None, 7]),
    *((kind, "name", value, NAME) for kind in PARENTS for value in [None, 7, "", ["a"]]),
    *(
        ("stopping", name, value, FLAG)
        for name in ("is_certain", "is_failure", "waits_for_running")
        for value in [None, 1, "no"]
    ),
    *(("benchmark", "max_resource", value, f"{FROM_1}, or None") for value in [0, True, 27.0, "27"]),
    *(("benchmark", "n_workers", value, FROM_1) for value in [None, 0, 4.0]),
    *(("benchmark", name, 7, TEXT) for name in ("max_resource_attr", "dataset", "data_hash", "preferred_backend")),
    *(("benchmark", "metrics", value, "it has to be a set of names, or None") for value in ["loss", ["loss"], {1}]),
    *((kind, "is_default", "yes", FLAG) for kind in ("backend", "benchmark")),
    *(("searcher", "is_expensive", value, FLAG) for value in [None, 1, "yes"]),
]
OF_A_TUNER = ("searcher", "scheduler", "backend")
numbers = itertools.count()


def declaring(kind, **attributes):
    return type("Mine", (PARENTS[kind][1],), {"name": "mine", "__module__": __name__, **attributes})


def registry_with(kind, component):
    """A registry of our own components and a plugin with this one."""
    module = ModuleType(f"plugin_{next(numbers)}")
    module.API = 2
    hook = f"tunekit_register_{PARENTS[kind][0]}"
    setattr(module, hook, hookimpl(lambda: [component], specname=hook))
    return build_registry(iter([(BUILT_IN, "0.1.0", lambda: builtin), ("tunekit-mine", "1.2.3", lambda: module)]))


@pytest.mark.parametrize(("kind", "name", "value", "allowed"), WRONG)
def test_a_class_that_declares_it_is_left_out_and_reported(kind, name, value, allowed):
    found = registry_with(kind, declaring(kind, **{name: value}))
    assert "mine" not in found.names(kind)
    (broken,) = found.broken
    assert (broken.distribution, broken.version) == ("tunekit-mine", "1.2.3")
    noun = "stopping criterion" if kind == "stopping" else kind
    assert broken.reason == f"the {noun} Mine declares {name}={value!r}: {allowed}"


SET_WHEN_BUILT = [each for each in WRONG if each[0] in OF_A_TUNER and each[1] not in ("name", "stream_family")]


@pytest.mark.parametrize(("kind", "name", "value", "allowed"), SET_WHEN_BUILT)
def test_a_component_that_has_it_once_it_is_built_is_named_with_its_distribution(problem, kind, name, value, allowed):
    component = registry_with(kind, declaring(kind, **{name: property(lambda self: value)})).find(kind, "mine")
    streams = Streams(0)
    context = {
        "searcher": (problem, streams),
        "scheduler": (problem, streams, RandomSearch(problem, streams)),
        "backend": (problem, ToyBenchmark(), None, streams),
    }
    with pytest.raises(PluginError) as caught:
        component.create(*context[kind], options={})
    assert str(caught.value) == f"The {kind} 'mine' (tunekit-mine 1.2.3) declares {name}={value!r}: {allowed}."


@pytest.mark.parametrize(("kind", "name", "value", "allowed"), SET_WHEN_BUILT)
def test_a_component_that_was_made_in_python_is_named_before_anything_runs(problem, kind, name, value, allowed):
    classes = {each: PARENTS[each][1] for each in OF_A_TUNER} | {kind: declaring(kind, **{name: value})}
    streams = Streams(0)
    searcher = classes["searcher"](problem, streams)
    scheduler = classes["scheduler"](problem, streams, searcher)
    backend = classes["backend"](problem, ToyBenchmark(), None, streams)
    with pytest.raises(PluginError) as caught:
        Tuner(scheduler=scheduler, backend=backend)
    origin = "module tests.core.test_attributes"
    assert str(caught.value) == f"The {kind} 'mine' ({origin}) declares {name}={value!r}: {allowed}."


@pytest.mark.parametrize("family", [7, None, ["a"]])
def test_a_family_of_streams_is_text(family):
    with pytest.raises(PluginError, match="cannot be a family of random streams"):
        Streams(0).within(family)


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("scheduler", {"needs": {"pause"}, "objectives": "many", "stream_family": "ours"}),
        ("scheduler", {"needs": frozenset()}),
        ("backend", {"capabilities": set(), "max_losses": 0, "max_retries": 9, "max_checkpoints": 0}),
        ("benchmark", {"max_resource": 1, "metrics": {"loss"}, "is_default": True, "preferred_backend": "local"}),
    ],
)
def test_what_the_contract_allows_is_taken(kind, attributes):
    found = registry_with(kind, declaring(kind, **attributes))
    assert "mine" in found.names(kind)
    assert found.broken == []
