"""Which components exist, what a broken plugin does, and how a component is built by name."""

import ctypes
import importlib.metadata
import itertools
import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import attrs
import pytest

from tunekit_core import (
    ConfigurationError,
    PluginError,
    Searcher,
    Streams,
    UnknownComponentError,
    builtin,
    create,
    hookimpl,
    option,
)
from tunekit_core.builtin.criteria import MaxCost
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.builtin.rung_sizes import RungSizes
from tunekit_core.errors import suggestion
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import build_registry, registry

numbers = itertools.count()


@attrs.frozen(kw_only=True)
class TidyOptions:
    """How tidy it is."""

    depth: int = option(help="Levels of tidiness.", at_least=1)
    width: float = option(1.5, help="In metres.")
    mode: str | None = option(None, help="How it goes about it.")


class Tidy(Searcher):
    """Proposes tidy configurations.

    And more than one line.
    """

    name = "tidy"
    Options = TidyOptions

    def __init__(self, problem, streams, options):
        super().__init__(problem, streams, options)
        self.options = options

    def suggest(self, trial_id, *, resource):
        return None


def without_marker():
    module = ModuleType("unmarked")
    module.tunekit_register_searchers = lambda: [Tidy]
    return module


def plugin(*, api=2, **hooks):
    """A plugin module with these hooks."""
    module = ModuleType(f"plugin_{next(numbers)}")
    vars(module).update({f"tunekit_{name}": hookimpl(hook) for name, hook in hooks.items()})
    module.API = api
    return module


def offering(*searchers, api=2):
    return plugin(api=api, register_searchers=lambda: list(searchers))


def build(**plugins):
    """The registry of our own components and these plugins, by distribution; an exception is raised on import."""

    def load(content):
        if isinstance(content, BaseException):
            raise content
        return content

    own = (BUILT_IN, "0.1.0", lambda: builtin)
    others = (
        (name.replace("_", "-"), "1.2.3", lambda content=content: load(content)) for name, content in plugins.items()
    )
    return build_registry(itertools.chain([own], others))


def test_the_built_in_components_are_there():
    built_in = build()
    assert built_in.names("searcher") == ("grid", "random")
    assert built_in.names("scheduler") == ("fifo",)
    assert built_in.names("composer") == ("rung_sizes",)
    assert built_in.names("stopping") == (
        "max_cost",
        "max_failures",
        "max_metric_value",
        "max_num_evaluations",
        "max_num_trials_completed",
        "max_num_trials_finished",
        "max_num_trials_started",
        "max_wallclock_time",
        "min_metric_value",
        "no_improvement",
        "no_success",
        "regret_bound",
    )
    assert built_in.broken == []


def test_every_registry_is_fresh():
    build(tunekit_tidy=offering(Tidy))
    assert build().names("searcher") == ("grid", "random")
    assert build_registry(iter(())).components == {}


def test_a_component_tells_where_it_is_from_and_what_it_can_be_set_to():
    component = build(tunekit_tidy=offering(Tidy)).find("searcher", "tidy")
    assert component.factory is Tidy
    assert (component.kind, component.name) == ("searcher", "tidy")
    assert (component.distribution, component.version) == ("tunekit-tidy", "1.2.3")
    assert list(component.options) == ["depth", "width", "mode"]
    assert component.summary == "Proposes tidy configurations."


def test_config_packages_are_joined_each_with_its_distribution():
    packages = build(
        one=plugin(config_packages=lambda: ["one.conf"]), two=plugin(config_packages=lambda: ["two.conf", "two.more"])
    ).config_packages
    assert packages == {"one.conf": "one", "two.conf": "two", "two.more": "two"}


@pytest.fixture
def clash():
    """The registry of two distributions that offer a searcher of one name, and of one that is not among them."""
    other, third = (type(name, (Tidy,), {}) for name in ("Other", "Third"))
    third.name = "third"
    return build(tunekit_other=offering(other), tunekit_bo=offering(Tidy), tunekit_third=offering(third))


def test_a_name_that_two_distributions_offer_is_an_error_when_it_is_used(clash):
    with pytest.raises(ConfigurationError) as caught:
        clash.find("searcher", "tidy")
    assert str(caught.value) == (
        "A searcher named 'tidy' is offered by tunekit-other 1.2.3 (not a part of tunekit) and by tunekit-bo 1.2.3. "
        "Type which one is meant: searcher=tunekit-other/tidy or searcher=tunekit-bo/tidy"
    )
    assert (caught.value.option, caught.value.value) == ("searcher", "tidy")


def test_two_distributions_with_one_name_disable_nothing_else(clash):
    assert clash.broken == []
    assert clash.find("searcher", "third").distribution == "tunekit-third"
    assert clash.find("searcher", "random").distribution == BUILT_IN
    assert clash.names("searcher") == ("grid", "random", "third", "tunekit-bo/tidy", "tunekit-other/tidy")


@pytest.mark.parametrize("typed", ["tunekit-other/tidy", "tunekit_other/tidy", "Tunekit.Other/tidy"])
def test_a_name_with_its_distribution_always_means_that_one(typed, clash, problem):
    assert clash.find("searcher", typed).distribution == "tunekit-other"
    assert clash.find("searcher", "tunekit-third/third").name == "third"
    assert type(clash.create("searcher", typed, problem, Streams(0), depth=3)).__name__ == "Other"


def test_a_name_of_a_distribution_that_lacks_it_is_unknown_and_names_the_close_one(clash):
    with pytest.raises(UnknownComponentError, match=r"^No searcher named 'tunekit-bo/tydy'.*mean 'tunekit-bo/tidy'\?"):
        clash.find("searcher", "tunekit-bo/tydy")
    with pytest.raises(UnknownComponentError, match="No searcher named 'tunekit-hpo/tidy'"):
        clash.find("searcher", "tunekit-hpo/tidy")


def test_two_strangers_with_one_name_are_both_named_and_neither_is_called_a_newcomer():
    found = build(theirs=offering(Tidy), yours=offering(type("Other", (Tidy,), {})))
    with pytest.raises(ConfigurationError, match=r"offered by theirs 1\.2\.3 and by yours 1\.2\.3\. Type"):
        found.find("searcher", "tidy")


def test_the_name_of_a_built_in_component_may_be_offered_by_another_too():
    found = build(tunekit_other=plugin(register_stopping_criteria=lambda: [type("M", (MaxCost,), {})]))
    with pytest.raises(
        ConfigurationError, match=r"stopping\.tunekit-hpo/max_cost or stopping\.tunekit-other/max_cost$"
    ):
        found.find("stopping", "max_cost")
    assert found.find("stopping", "tunekit-hpo/max_cost").factory is MaxCost


@pytest.mark.parametrize("order", [("owner", "other"), ("other", "owner")])
def test_a_config_package_stays_that_of_the_distribution_that_it_lies_in(order):
    plugins = {name: plugin(config_packages=lambda: ["owners_package.conf"]) for name in order}
    plugins["owner"].__name__ = "owners_package"
    assert build(**plugins).config_packages == {"owners_package.conf": "owner"}


def test_components_of_different_kinds_may_share_a_name():
    found = build(a=offering(Tidy), b=plugin(register_schedulers=lambda: [type("S", (Fifo,), {"name": "tidy"})]))
    assert found.find("searcher", "tidy").distribution == "a"
    assert found.find("scheduler", "tidy").distribution == "b"


def test_a_distribution_may_have_several_plugins():
    other = type("Other", (Tidy,), {"name": "other"})
    found = build_registry(iter([("same", "1", lambda: offering(Tidy)), ("same", "1", lambda: offering(other))]))
    assert found.names("searcher") == ("other", "tidy")


def test_a_plugin_that_is_found_twice_counts_once():
    twice = offering(Tidy)
    assert build(a=twice, b=twice).names("searcher") == ("grid", "random", "tidy")


def _raise(error):
    raise error


class Mute(Exception):
    def __str__(self):
        raise ZeroDivisionError


class NoAttrsClass:
    depth: int = 3


@attrs.frozen(kw_only=True)
class NotAnOption:
    depth: int = 3


@attrs.frozen(kw_only=True)
class WithoutType:
    depth = option(3, help="Levels.")


def declaring(options):
    return offering(type("Tidier", (Tidy,), {"name": "tidier", "Options": options}))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (ImportError("No module named 'torch'"), "ImportError: No module named 'torch'"),
        (SyntaxError("invalid\nsyntax"), "SyntaxError: invalid syntax"),
        (plugin(register_searchers=lambda: _raise(OSError("no libfoo"))), "OSError: no libfoo"),
        (plugin(config_packages=lambda: _raise(ValueError("bad"))), "ValueError: bad"),
        (
            offering(type("Nameless", (Searcher,), {})),
            'the searcher Nameless has no name: write name = "…" into the class',
        ),
        (plugin(register_searchers=lambda: Tidy), "Tidy'>, which is no list: put what it offers into return […]"),
        (plugin(register_searchers=lambda: None), "tunekit_register_searchers returned None, which is no list"),
        (plugin(config_packages=lambda: "my.conf"), "tunekit_config_packages returned 'my.conf', which is no list"),
        (
            plugin(register_searcher=lambda: [Tidy]),
            "there is no hook tunekit_register_searcher. Did you mean 'tunekit_register_searchers'? Hooks: ",
        ),
        (without_marker(), "tunekit_register_searchers has no @hookimpl above it"),
        (plugin(register_searchers=lambda problem: [Tidy]), "problem"),
        (declaring(NoAttrsClass), "NoAttrsClass declares options and is no attrs class: write @attrs.frozen("),
        (declaring(NotAnOption), "NotAnOption.depth is not declared with tunekit_core.option("),
        (declaring(None), "None declares options and is no attrs class"),
        (declaring(WithoutType), "WithoutType.depth has no type: write it as in depth: int = option(…, help=…)"),
        (offering(object), "offers <class 'object'>, which is no class that inherits from Searcher"),
        (offering(RungSizes), "tunekit_register_searchers offers <class"),
        (plugin(config_packages=lambda: [None]), "it offers the config package None, which is no name of a package"),
        (Mute(), "Mute: (its text cannot be read: ZeroDivisionError)"),
        (plugin(register_searchers=lambda: _raise(Mute())), "Mute: (its text cannot be read: ZeroDivisionError)"),
        (offering(Fifo), "which is no class that inherits from Searcher"),
        (offering("tidy"), "offers 'tidy', which is no class that inherits from Searcher"),
        (offering(Tidy, type("Other", (Tidy,), {})), "it offers the searcher 'tidy' twice: Tidy and Other"),
        *(
            (
                offering(type("Odd", (Tidy,), {"name": name})),
                f"Odd is named '{name}': a name has letters, digits, _ and - alone",
            )
            for name in ("a/b", "a b", "a.b", "a=b", "ä")
        ),
        (SystemExit(3), "SystemExit: 3"),
        (GeneratorExit(), "GeneratorExit"),
        (plugin(register_searchers=lambda: sys.exit("no licence")), "SystemExit: no licence"),
        (plugin(config_packages=lambda: sys.exit()), "SystemExit"),
        (offering(api=1), "it was written for API 1 of tunekit's plugins, and this is tunekit "),
    ],
    ids=[
        "import",
        "syntax",
        "hook",
        "config hook",
        "nameless",
        "no list",
        "nothing",
        "text",
        "misspelt hook",
        "hook without its marker",
        "hook with arguments",
        "options of no attrs class",
        "options not declared",
        "no options class",
        "option without a type",
        "no component",
        "component of another kind",
        "no package",
        "error without text",
        "error without text in a hook",
        "scheduler for a searcher",
        "text for a class",
        "two of one name",
        "slash",
        "blank",
        "dot",
        "equals sign",
        "umlaut",
        "exit",
        "other base exception",
        "exit in a hook",
        "exit in the config hook",
        "other API",
    ],
)
def test_a_broken_plugin_is_reported_and_takes_no_other_down(content, reason):
    found = build(before=offering(Tidy), broken=content, after=plugin(config_packages=lambda: ["after.conf"]))
    assert found.names("searcher") == ("grid", "random", "tidy")
    assert [(each.distribution, each.version) for each in found.broken] == [("broken", "1.2.3")]
    assert reason in found.broken[0].reason
    assert "\n" not in found.broken[0].reason
    assert found.config_packages == {"after.conf": "after"}


@pytest.mark.parametrize("where", ["import", "hook"])
def test_a_plugin_that_changes_the_working_directory_changes_it_for_itself_alone(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def moves():
        os.chdir("/")
        return offering(Tidy) if where == "import" else [Tidy]

    content = moves if where == "import" else lambda: plugin(register_searchers=moves)
    found = build_registry([("moves", "1.0", content)])
    assert found.names("searcher") == ("tidy",)
    assert os.getcwd() == str(tmp_path)


def test_without_a_working_directory_plugins_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "removed"
    folder.mkdir()
    os.chdir(folder)
    folder.rmdir()
    assert build(tidy=offering(Tidy)).names("searcher") == ("grid", "random", "tidy")


def test_a_plugin_may_be_an_object_with_hooks_as_methods():
    class Hooks:
        @hookimpl
        def tunekit_register_searchers(self):
            return [Tidy]

        @hookimpl
        def tunekit_config_packages(self):
            return ["own.conf"]

    found = build(methods=Hooks())
    assert found.broken == []
    assert found.config_packages == {"own.conf": "methods"}
    assert found.find("searcher", "tidy").distribution == "methods"
    assert found.origin_of(type("Other", (), {"__module__": __name__})).distribution == "methods"


def test_of_distributions_that_share_a_namespace_package_that_is_named_whose_module_is_closest():
    plugins = {name: offering() for name in ("first", "second")}
    for name, module in plugins.items():
        module.__name__ = f"company.{name}"
    found = build(**plugins)
    from_second = type("FromSecond", (), {"__module__": "company.second.search.bayes"})
    assert found.origin_of(from_second).distribution == "second"
    assert found.origin_of(type("Stranger", (), {"__module__": "companion"})) is None


@pytest.mark.parametrize("where", ["import", "hook"])
def test_an_interruption_is_none_of_a_plugin(where):
    content = (
        KeyboardInterrupt() if where == "import" else plugin(register_searchers=lambda: _raise(KeyboardInterrupt()))
    )
    with pytest.raises(KeyboardInterrupt):
        build(slow=content).names("searcher")


def test_two_plugins_of_one_distribution_may_not_share_a_name_and_the_second_is_left_out():
    other = type("Other", (Tidy,), {})
    found = build_registry(iter([("same", "1", lambda: offering(Tidy)), ("same", "1", lambda: offering(other))]))
    assert found.find("searcher", "tidy").factory is Tidy
    assert [each.reason for each in found.broken] == ["it offers the searcher 'tidy' twice: Tidy and Other"]


def test_a_component_that_exits_while_it_is_built_is_an_error_of_the_plugin(problem):
    exits = type("Exits", (Tidy,), {"__init__": lambda *_: sys.exit(3)})
    with pytest.raises(PluginError, match=r"'tidy' \(tunekit-tidy 1\.2\.3\) broke while it was built: SystemExit: 3"):
        build(tunekit_tidy=offering(exits)).create("searcher", "tidy", problem, Streams(0), depth=3)


def test_an_interruption_before_anything_is_built_is_no_error_of_the_plugin():
    """Python closes what had begun to wait for errors, where nobody catches what that raises."""
    waiting = build(tunekit_tidy=offering(Tidy)).find("searcher", "tidy")._errors_named()
    waiting.__enter__()
    waiting.gen.close()


def write_everywhere():
    print("by print")
    os.write(1, b"by its number\n")
    subprocess.run(["echo", "by a process"], check=True)
    ctypes.CDLL(None).printf(b"by C\n")


@pytest.mark.parametrize("where", ["import", "hook", "config hook", "constructor"])
def test_what_a_plugin_prints_goes_to_standard_error(where, capfd, problem):
    def loud():
        write_everywhere()
        return [Tidy]

    def load():
        write_everywhere()
        return offering(Tidy)

    class Loud(Tidy):
        def __init__(self, *arguments):
            write_everywhere()
            super().__init__(*arguments)

    plugins = {
        "import": load,
        "hook": lambda: plugin(register_searchers=loud),
        "config hook": lambda: plugin(register_searchers=lambda: [Tidy], config_packages=lambda: loud() and ()),
        "constructor": lambda: offering(Loud),
    }
    found = build_registry(iter([("loud", "1", plugins[where])]))
    found.create("searcher", "tidy", problem, Streams(0), depth=3)
    print("the results")
    out, err = capfd.readouterr()
    assert out == "the results\n"
    assert sorted(err.splitlines()) == ["by C", "by a process", "by its number", "by print"]


def test_what_was_printed_before_a_plugin_is_asked_stays_where_it_was(capfd):
    sys.stdout.write("before ")
    ctypes.CDLL(None).printf(b"and by C ")
    build(loud=plugin(register_searchers=lambda: print("loud") or [Tidy])).names("searcher")
    print("after")
    assert capfd.readouterr() == ("before and by C after\n", "loud\n")


def test_the_components_of_a_kind_are_asked_for_when_one_of_it_is_looked_up():
    asked = []
    found = build(
        one=plugin(
            register_searchers=lambda: asked.append("searchers") or [Tidy],
            register_observers=lambda: asked.append("observers") or [],
        )
    )
    assert asked == []
    assert found.names("scheduler") == ("fifo",)
    assert found.find("searcher", "tidy").distribution == "one"
    assert found.names("searcher") == ("grid", "random", "tidy")
    assert asked == ["searchers"]


@pytest.mark.parametrize("order", [("searcher", "stopping"), ("stopping", "searcher")])
def test_a_plugin_that_breaks_in_one_hook_is_dropped_whenever_that_is_found(order):
    half = plugin(register_searchers=lambda: [Tidy], register_stopping_criteria=lambda: _raise(ValueError("bad")))
    found = build(half=half)
    for kind in order:
        found.names(kind)
    assert found.names("searcher") == ("grid", "random")
    assert [each.distribution for each in found.broken] == ["half"]


def test_where_a_class_comes_from_is_known_without_asking_any_hook():
    asked = []
    found = build(one=plugin(register_observers=lambda: asked.append("observers") or []))
    assert found.origin_of(Fifo).distribution == BUILT_IN
    assert found.origin_of(ModuleType) is None
    assert asked == []


def test_a_plugin_that_is_broken_in_one_hook_offers_nothing():
    half = plugin(register_searchers=lambda: [Tidy], config_packages=lambda: _raise(ValueError("bad")))
    assert build(half=half).names("searcher") == ("grid", "random")


@pytest.mark.parametrize(
    ("api", "to_upgrade"),
    [(1, "broken"), ("2", "broken"), (None, "broken"), (3, "tunekit-hpo")],
)
def test_a_plugin_for_another_api_is_left_out_and_says_what_to_upgrade(api, to_upgrade):
    found = build(broken=offering(Tidy, api=api))
    assert "tidy" not in found.names("searcher")
    (reason,) = [plugin.reason for plugin in found.broken]
    assert reason.startswith(f"it was written for API {api!r} of tunekit's plugins, and this is tunekit ")
    assert reason.endswith(f" with API 2. Type: pip install --upgrade {to_upgrade}")


def test_a_plugin_that_states_no_api_is_taken_and_listed():
    silent = offering(Tidy)
    del silent.API
    found = build(silent=silent, stating=offering(type("Other", (Tidy,), {"name": "other"})))
    assert {"tidy", "other"} < {*found.names("searcher")}
    assert [plugin.distribution for plugin in found.without_api] == ["silent"]


def test_an_unknown_component_names_the_close_one_and_what_is_installed():
    with pytest.raises(UnknownComponentError) as caught:
        build(tunekit_tidy=offering(Tidy)).find("searcher", "randm")
    assert str(caught.value) == "No searcher named 'randm'. Did you mean 'random'? Installed: grid, random, tidy."
    assert (caught.value.kind, caught.value.name) == ("searcher", "randm")
    assert caught.value.installed == ("grid", "random", "tidy")


def test_a_component_of_a_distribution_that_is_not_installed_names_it():
    with pytest.raises(UnknownComponentError, match=r"pip install tunekit-bo\."):
        build().find("searcher", "bo")


def test_an_unknown_component_may_be_in_a_broken_plugin():
    with pytest.raises(
        UnknownComponentError, match=r"Installed: none\. The plugin gone 1\.2\.3 could not be used: OSError: x"
    ):
        build(gone=OSError("x")).find("observer", "screen")


def test_criteria_are_known_by_what_people_call_them():
    with pytest.raises(UnknownComponentError, match=r"'criteria'\. Did you mean 'stopping'\? Kinds: searcher, "):
        build().find("criteria", "max_cost")


def test_an_unknown_kind_names_the_kinds():
    with pytest.raises(UnknownComponentError, match=r"'searchers'\. Did you mean 'searcher'\? Kinds: searcher, "):
        build().find("searchers", "random")


def test_a_component_is_built_with_its_options(problem):
    found = build(tunekit_tidy=offering(Tidy))
    tidy = found.create("searcher", "tidy", problem, Streams(0), depth=3)
    assert tidy.problem is problem
    assert tidy.options == TidyOptions(depth=3, width=1.5, mode=None)
    tidy = found.create("searcher", "tidy", problem, Streams(0), depth=1, width=2, mode="m")
    assert tidy.options == TidyOptions(depth=1, width=2.0, mode="m")


def test_a_missing_option_is_refused(problem):
    with pytest.raises(ConfigurationError, match=r"searcher 'tidy' needs a value for 'depth'.*searcher\.depth=") as e:
        build(tunekit_tidy=offering(Tidy)).create("searcher", "tidy", problem, Streams(0))
    assert e.value.option == "searcher.depth"


def test_an_unknown_option_names_the_close_one_and_those_that_exist(problem):
    with pytest.raises(ConfigurationError) as caught:
        build(tunekit_tidy=offering(Tidy)).create("searcher", "tidy", problem, Streams(0), depht=3)
    assert str(caught.value) == (
        "searcher.depht=3: the searcher 'tidy' (tunekit-tidy 1.2.3) has no option 'depht'. Did you mean 'depth'? "
        "Its options: depth, width, mode."
    )


def test_an_option_of_a_component_without_options_is_refused(problem):
    with pytest.raises(ConfigurationError, match="Its options: none"):
        create("searcher", "random", problem, Streams(0), seed=3)


def test_an_option_of_the_wrong_type_is_refused(problem):
    with pytest.raises(ConfigurationError, match=r"searcher\.depth='3' does not fit\. Allowed: whole number"):
        build(tunekit_tidy=offering(Tidy)).create("searcher", "tidy", problem, Streams(0), depth="3")


def test_an_option_out_of_range_is_refused(problem):
    with pytest.raises(ConfigurationError, match=r"^searcher\.depth=0 must be at least 1\.$"):
        build(tunekit_tidy=offering(Tidy)).create("searcher", "tidy", problem, Streams(0), depth=0)


def test_create_builds_installed_components(problem):
    assert type(create("searcher", "random", problem, Streams(0))) is RandomSearch


class EntryPoint(SimpleNamespace):
    def load(self):
        return self.content


def test_installed_plugins_come_in_a_fixed_order_each_once(monkeypatch):
    classes = [type(name, (Tidy,), {"name": name.lower()}) for name in "ABC"]
    points = [
        EntryPoint(name=c.name, value=c.name, dist=SimpleNamespace(name=f"tunekit-{c.name}", version="1"), content=p)
        for c, p in zip(classes, map(offering, classes), strict=True)
    ]
    orders = []
    for order in itertools.permutations([*points, points[0]]):
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group, found=order: found)
        registry.cache_clear()
        orders.append([name for kind, name in registry().components if kind == "searcher"])
    registry.cache_clear()
    assert all(order == orders[0] for order in orders)
    assert orders[0][-3:] == ["a", "b", "c"]


def test_a_name_that_others_go_on_from_is_answered_with_those():
    names = ["asha_promotion", "asha_stopping", "pasha"]
    assert suggestion("ASHA", names) == "Did you mean 'asha_promotion' or 'asha_stopping'? "
    assert suggestion("asha_stoping", names) == "Did you mean 'asha_stopping'? "
    assert suggestion("zzz", names) == ""
