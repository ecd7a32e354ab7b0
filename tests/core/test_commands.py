"""Commands that plugins offer beside runs: which names they may have, and what a broken one does."""

import pytest

from tunekit_core import Command, hookimpl
from tunekit_core.plugins.registry import build_registry


def run(arguments):
    return 0


class Offers:
    """A plugin with a hook for commands."""

    API = 2

    def __init__(self, *commands):
        self._commands = list(commands)

    @hookimpl
    def tunekit_register_commands(self):
        return self._commands


class Raises:
    API = 2

    @hookimpl
    def tunekit_register_commands(self):
        raise OSError("no licence")


class NoList:
    API = 2

    @hookimpl
    def tunekit_register_commands(self):
        return Command("sweep-up", "Sweeps.", run)


def build(**plugins):
    """The registry of these plugins, by distribution."""
    return build_registry((name.replace("_", "-"), "1.0", lambda it=it: it) for name, it in plugins.items())


def test_a_command_is_known_by_its_name_alone():
    command = Command("sweep-up", "Sweeps.", run)
    assert build(tunekit_one=Offers(command), tunekit_two=Offers()).commands() == {"sweep-up": command}


def test_of_two_distributions_with_one_name_each_is_known_with_its_distribution_and_neither_without():
    one, two, other = (Command(name, "Sweeps.", run) for name in ("up", "up", "down"))
    found = build(tunekit_one=Offers(one), tunekit_two=Offers(two, other))
    assert list(found.commands()) == ["tunekit-one/up", "tunekit-two/up", "down"]
    assert found.commands()["tunekit-two/up"] is two
    assert found.broken == []


@pytest.mark.parametrize("name", ["up", "sweep-up", "s3", "a-1-b"])
def test_a_name_has_lower_case_letters_digits_and_single_hyphens(name):
    assert list(build(tunekit_one=Offers(Command(name, "Sweeps.", run))).commands()) == [name]


@pytest.mark.parametrize("name", ["", "Up", "1up", "-up", "up-", "a--b", "a_b", "a b", "a=b", "a.b", "a/b", "ü"])
def test_another_name_is_refused(name):
    found = build(broken=Offers(Command(name, "Sweeps.", run)), tunekit_two=Offers(Command("up", "Sweeps.", run)))
    assert list(found.commands()) == ["up"]
    (broken,) = found.broken
    assert broken.distribution == "broken"
    assert "which is no tunekit_core.Command with a name of lower-case letters, digits and hyphens" in broken.reason


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (Raises(), "OSError: no licence"),
        (NoList(), "which is no list"),
        (Offers("up"), "tunekit_register_commands returned 'up', which is no tunekit_core.Command"),
        (Offers(Command("up", "Sweeps.", "run")), "which is no tunekit_core.Command"),
        (Offers(*[Command("up", "Sweeps.", run)] * 2), "tunekit_register_commands returned two commands named 'up'"),
    ],
    ids=["an error", "no list", "no command", "nothing to call", "one name twice"],
)
def test_a_broken_plugin_is_reported_and_takes_no_other_down(plugin, reason):
    command = Command("sweep-up", "Sweeps.", run)
    found = build(before=Offers(command), broken=plugin, after=Offers(Command("down", "Sweeps.", run)))
    assert list(found.commands()) == ["sweep-up", "down"]
    assert [each.distribution for each in found.broken] == ["broken"]
    assert reason in found.broken[0].reason
