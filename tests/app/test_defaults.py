"""What a run takes that names no benchmark or no backend, and what an installation without plugins says."""

from types import ModuleType

import pytest

from tunekit.config.specs.defaults import default_backend, default_benchmark
from tunekit_core import Backend, Benchmark, ConfigurationError, Executable, Simulatable, hookimpl
from tunekit_core.plugins import known, registry as registry_module


class Recorded(Benchmark):
    name = "recorded"

    def blackbox(self):
        raise NotImplementedError  # only asked whether the class has it, never called


class First(Recorded):
    name = "first"
    is_default = True


class Program(Benchmark):
    name = "program"

    def script(self):
        raise NotImplementedError  # only asked whether the class has it, never called


class Both(Recorded, Program):
    name = "both"


class Choosy(Both):
    name = "choosy"
    preferred_backend = "runner"


class Simulates(Backend):
    name = "simulates"
    runs = Simulatable


class Runner(Backend):
    name = "runner"
    runs = Executable


@pytest.fixture
def install(monkeypatch):
    """Makes an installation with these components and nothing else."""

    def make(*classes):
        def offering(contract):
            return hookimpl(lambda: [factory for factory in classes if issubclass(factory, contract)])

        plugin = ModuleType("somebodys")
        plugin.tunekit_register_benchmarks = offering(Benchmark)
        plugin.tunekit_register_backends = offering(Backend)
        found = registry_module.build_registry(iter([("tunekit-somebodys", "1.0", lambda: plugin)]))
        monkeypatch.setattr("tunekit.config.specs.defaults.registry", lambda: found)

    return make


def test_of_several_benchmarks_the_one_for_a_first_try_is_taken(install):
    install(Program, First)
    assert default_benchmark() == "first"


def test_a_benchmark_for_a_first_try_that_is_installed_beside_ours_changes_nothing(monkeypatch):
    plugins = []
    for distribution, benchmark in [
        ("tunekit-aaa", type("Second", (First,), {"name": "aaa"})),
        ("tunekit-benchmarks", First),
    ]:
        plugin = ModuleType(distribution.replace("-", "_"))
        plugin.tunekit_register_benchmarks = hookimpl(lambda benchmark=benchmark: [benchmark])
        plugins.append((distribution, "1.0", lambda plugin=plugin: plugin))
    found = registry_module.build_registry(iter(plugins))
    monkeypatch.setattr("tunekit.config.specs.defaults.registry", lambda: found)
    assert found.find("benchmark", default_benchmark()).factory is First


def test_the_only_benchmark_is_taken(install):
    install(Program)
    assert default_benchmark() == "program"


@pytest.mark.parametrize("several", [(Program, Recorded), (First, type("Second", (First,), {"name": "second"}))])
def test_where_it_is_not_clear_the_benchmark_has_to_be_named(several, install):
    install(*several)
    with pytest.raises(ConfigurationError, match=f"benchmark={several[0].name}, benchmark={several[1].name}"):
        default_benchmark()


@pytest.mark.parametrize(
    ("benchmark", "backend"), [(Program, "runner"), (Recorded, "simulates"), (Choosy, "runner")], ids=str
)
def test_the_backend_that_can_run_the_benchmark_is_taken(benchmark, backend, install):
    install(Simulates, Runner)
    assert default_backend(benchmark.name, benchmark) == backend


def test_of_several_backends_one_has_to_be_named(install):
    install(Simulates, Runner)
    with pytest.raises(ConfigurationError, match="backend=runner, backend=simulates"):
        default_backend("both", Both)


class Paid(Runner):
    name = "paid"
    is_default = False


def test_a_backend_that_is_paid_for_is_taken_only_where_it_is_named(install):
    install(Runner, Paid)
    assert default_backend("program", Program) == "runner"
    install(Paid)
    with pytest.raises(ConfigurationError, match=r"A backend that is always named .* one of: backend=paid"):
        default_backend("program", Program)


def test_where_no_backend_can_run_the_benchmark_it_says_which_there_are(install):
    install(Simulates)
    with pytest.raises(ConfigurationError, match="No installed backend can run the benchmark 'program'") as caught:
        default_backend("program", Program)
    assert "Installed: simulates." in str(caught.value)
    assert "tunekit-local" in str(caught.value)


def test_an_installation_without_plugins_says_in_one_sentence_what_to_install(install):
    install()
    sentence = "No benchmark and no backend is installed, so nothing can be run: pip install tunekit-benchmarks "
    with pytest.raises(ConfigurationError, match=sentence):
        default_benchmark()
    install(Program)
    with pytest.raises(ConfigurationError, match="No backend is installed, so nothing can be run: pip install tunekit"):
        default_backend("program", Program)


def test_a_name_that_is_not_installed_is_looked_up_in_the_index():
    assert known.where_to_find("searcher", "bo") == " 'bo' is in tunekit-bo: pip install tunekit-bo."
    assert known.where_to_find("method", "MOBSTER") == " 'MOBSTER' is in tunekit-bo: pip install tunekit-bo."
    assert known.where_to_find("searcher", "random") == ""  # it is always there
    assert known.where_to_find("searcher", "somebodys") == ""


@pytest.fixture
def bare(monkeypatch):
    """An installation of tunekit-hpo and tunekit-sweeper alone."""
    from tunekit.config.options_files import files, offered

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [])
    caches = (registry_module.registry, files.config_folders, files.files, offered.groups)
    for cached in caches:
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_without_plugins_help_offers_only_what_works(bare, tunekit):
    shown = tunekit("--help").out
    for absent in ("ASHA", "MOBSTER", "fcnet", "backend=local", "demo_study", "asha_promotion"):
        assert absent not in shown
    for present in ("method=RS", "searcher=     grid, random", "benchmark=    none installed"):
        assert present in shown


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ([], "No benchmark and no backend is installed, so nothing can be run: pip install tunekit-benchmarks tunekit"),
        (["method=RS"], "No benchmark and no backend is installed"),
        (["method=MOBSTER"], "'MOBSTER' is in tunekit-bo: pip install tunekit-bo."),
        (["scheduler=asha_stopping"], "'asha_stopping' is in tunekit-asha: pip install tunekit-asha."),
        (["benchmark=fcnet"], "'fcnet' is in tunekit-benchmarks: pip install tunekit-benchmarks."),
    ],
)
def test_without_plugins_a_command_says_what_to_install(command, expected, bare, tunekit):
    finished = tunekit(*command)
    assert finished.status == 2
    assert expected in finished.err
    assert len(finished.err.splitlines()) == 1
