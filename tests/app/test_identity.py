"""What a run is: which commands mean the same run."""

import attrs
import pytest

from tests.app.conftest import forget_what_is_installed
from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit_asha.promotion import AshaPromotion
from tunekit_core import option
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
    monkeypatch.setattr(component, "revision", 2)
    reinstalled()
    assert hash_of(*COMMAND) != before
