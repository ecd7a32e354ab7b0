"""What a run is: which commands mean the same run."""

import json

import attrs
import pytest

from tests.app.conftest import forget_what_is_installed
from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.functions.benchmark import FunctionBenchmark
from tunekit_asha.promotion import AshaPromotion
from tunekit_core import choice, loguniform, option
from tunekit_core.builtin.random_search import RandomSearch

COMMAND = ("method=ASHA", "benchmark=fcnet")


@pytest.fixture
def reinstalled(results):
    forget_what_is_installed()
    yield forget_what_is_installed
    forget_what_is_installed()


def hash_of(*arguments: str) -> str:
    (spec,) = plan_command(parse(arguments)).specs
    return spec.hash


def test_an_option_that_is_typed_with_its_default_makes_no_other_run(results):
    assert hash_of(*COMMAND, "scheduler.brackets=1", "backend.start_delay=0") == hash_of(*COMMAND)
    assert hash_of(*COMMAND, "scheduler.brackets=2") != hash_of(*COMMAND)


def test_a_new_option_of_a_component_makes_no_run_another_one(reinstalled, monkeypatch):
    before = hash_of(*COMMAND), hash_of(*COMMAND, "scheduler.brackets=2")

    @attrs.frozen(kw_only=True)
    class Extended(AshaPromotion.Options):
        width: int = option(3, help="What a later version adds.")

    monkeypatch.setattr(AshaPromotion, "Options", Extended)
    reinstalled()
    assert (hash_of(*COMMAND), hash_of(*COMMAND, "scheduler.brackets=2")) == before
    assert hash_of(*COMMAND, "scheduler.width=4") not in before


@pytest.mark.parametrize("component", [AshaPromotion, RandomSearch])
def test_a_component_with_another_revision_makes_another_run(reinstalled, monkeypatch, component):
    before = hash_of(*COMMAND)
    monkeypatch.setattr(component, "revision", component.revision + 1)
    reinstalled()
    assert hash_of(*COMMAND) != before


SCRIPT = ("benchmark=script", "benchmark.command='python train.py'", "backend=local", "searcher=random")


@pytest.fixture
def project(results, tmp_path):
    (tmp_path / "train.py").touch()
    return results


def hash_of_space(*entries: str) -> str:
    return hash_of(*SCRIPT, *(f"benchmark.space.{entry}" for entry in entries))


@pytest.mark.parametrize(
    ("usual", "spellings"),
    [
        (
            "lr=loguniform(1e-4,1e-1)",
            [
                "lr=loguniform(0.0001,0.1)",
                "lr=loguniform(1e-4, 1e-1)",
                "lr='loguniform( 1E-4 ,.1 )'",
                'lr="loguniform(lower=0.0001, upper=0.1)"',
                "lr='loguniform(upper=1e-1, lower=1e-4)'",
            ],
        ),
        ("x=uniform(0,1)", ["x=uniform(0.0,1.0)", "x='uniform(-0.0,1e0)'", "x='uniform(0,upper=1)'"]),
        ("n=randint(1,64)", ["n=randint(1.0,64.0)", "n='randint(lower=1,upper=64)'"]),
        ("n=choice([1,2])", ["n='choice( [1, 2] )'", "n='choice((1,2))'", "n='choice(categories=[1,2])'"]),
        ("a=choice(['u','v'])", ['a=\'choice(["u", "v"])\'', "a=\"choice(['u', 'v'])\""]),
        ("o=ordinal([1,2,4])", ["o='ordinal([1, 2, 4], kind=\"nn\")'", "o='ordinal([1, 2, 4], None)'"]),
        ("f=finrange(0,1,11)", ["f='finrange(0.0, 1.0, 11, cast_int=False)'", "f='finrange(0, 1, size=11)'"]),
        ("f=logfinrange(8,64,4,True)", ["f='logfinrange(8.0, 64.0, 4, cast_int=True)'"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_domain_is_one_run_however_it_is_typed(project, usual, spellings):
    assert {hash_of_space(spelling) for spelling in spellings} == {hash_of_space(usual)}


def test_what_looks_alike_and_gives_the_program_other_arguments_is_another_run(project):
    spellings = ["n=choice([1,2])", "n=choice([2,1])", "n=choice([1.0,2.0])", "n=choice(['1','2'])", "n=ordinal([1,2])"]
    assert len({hash_of_space(spelling) for spelling in spellings}) == 5
    assert hash_of_space("x=uniform(0,1)", "c=3") != hash_of_space("x=uniform(0,1)", "c=3.0")


def test_the_order_of_a_space_makes_no_other_run(project):
    assert hash_of_space("x=uniform(0,1)", "y=uniform(0,2)") == hash_of_space("y=uniform(0,2)", "x=uniform(0,1)")


def test_a_file_and_the_command_line_mean_the_same_space(project, tmp_path):
    folder = tmp_path / "conf" / "benchmark"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "name: script\ncommand: python train.py\n"
        "space:\n  n: choice([1,2])\n  lr: >-\n    loguniform(0.0001,\n    0.1)\n"
    )
    typed = hash_of_space("lr=loguniform(1e-4,1e-1)", "n=choice([1,2])")
    assert hash_of(f"--config-dir={tmp_path / 'conf'}", "benchmark=mine", *SCRIPT[2:]) == typed


def test_a_variable_is_text_however_it_is_typed(project):
    space = "benchmark.space.x=uniform(0,1)"
    assert hash_of(*SCRIPT, space, "benchmark.environment.A=1") == hash_of(
        *SCRIPT, space, "benchmark.environment.A='1'"
    )


def test_how_far_to_run_is_one_run_in_both_places_and_in_either(project):
    common = (*SCRIPT, "benchmark.space.x=uniform(0,1)", "benchmark.max_resource_attr=epochs")
    places = "benchmark.max_resource=27", "benchmark.space.epochs=27"
    assert hash_of(*common, places[0]) == hash_of(*common, places[1]) == hash_of(*common, *places)


FIXED = "fixed.hp_init_lr"


@pytest.mark.parametrize("typed", ["0.001", "1e-3", "0.00100"])
def test_what_is_fixed_is_one_run_however_it_is_typed(results, typed):
    assert hash_of(*COMMAND, f"{FIXED}={typed}") == hash_of(*COMMAND, f"{FIXED}=0.001")


@pytest.mark.parametrize(
    "typed", ["[{hp_batch_size: 16, hp_init_lr: 1e-3}]", "[{hp_init_lr: 0.001, hp_batch_size: 16.0}]"]
)
def test_points_to_begin_with_are_one_run_however_they_are_typed(results, typed):
    usual = hash_of(*COMMAND, "points_to_evaluate=[{hp_batch_size: 16, hp_init_lr: 0.001}]")
    assert hash_of(*COMMAND, f"points_to_evaluate={typed}") == usual != hash_of(*COMMAND)


@pytest.mark.parametrize("units", [[16, 32], "choice([16,32])", choice([16, 32]), "choice(categories=(16, 32))"])
@pytest.mark.parametrize("lr", ["loguniform(1e-4, 1e-1)", "loguniform(upper=0.1,lower=0.0001)", loguniform(1e-4, 0.1)])
def test_the_space_of_a_function_is_one_however_it_is_given(units, lr):
    def train(lr, units): ...

    benchmark = FunctionBenchmark(
        train, {"units": units, "lr": lr}, metric="loss", mode="min", resource=None, max_resource=None
    )
    assert json.dumps(benchmark.options["space"]) == ('{"lr": "loguniform(0.0001, 0.1)", "units": "choice([16, 32])"}')
