"""Commands of plugins on the command line."""

import pytest

CODE = """
import warnings

from tunekit_core import Command, ConfigurationError, TunekitWarning


def run(arguments):
    if arguments[:1] == ["warn"]:
        warnings.warn("There is dust below it, which stays.", TunekitWarning)
    if arguments[:1] == ["refuse"]:
        raise ConfigurationError("There is nothing to sweep.")
    print("swept", *arguments)
    return len(arguments)


@hookimpl
def tunekit_register_commands():
    return [Command("{name}", "Sweeps up what lies around.", run)]


API = 2
"""


@pytest.fixture
def swept(site):
    """A distribution with the command sweep-up."""
    site.add("tunekit-broom", CODE.replace("{name}", "sweep-up"))


def test_it_gets_what_is_typed_after_its_name_and_its_status_is_that_of_the_program(swept, tunekit):
    finished = tunekit("sweep-up", "seed=1", "--help", "--debug")
    assert (finished.status, finished.out, finished.err) == (3, "swept seed=1 --help --debug\n", "")


def test_an_error_of_tunekit_is_printed_and_the_status_is_2(swept, tunekit):
    finished = tunekit("sweep-up", "refuse")
    assert (finished.status, finished.out, finished.err) == (2, "", "There is nothing to sweep.\n")


@pytest.mark.filterwarnings("always")
def test_what_it_warns_of_is_one_line_without_code(swept, tunekit):
    finished = tunekit("sweep-up", "warn")
    assert (finished.status, finished.err) == (1, "Warning: There is dust below it, which stays.\n")


def test_the_help_page_lists_it(swept, tunekit):
    (line,) = (line for line in tunekit("--help").out.splitlines() if "sweep-up" in line)
    assert " ".join(line.split()) == "python -m tunekit sweep-up Sweeps up what lies around."


@pytest.mark.parametrize("typed", ["sweepup", "sweep-ip", "swep-up"])
def test_a_misspelt_one_is_answered_with_the_name(typed, swept, tunekit):
    finished = tunekit(typed)
    assert (finished.status, finished.out) == (2, "")
    assert f"'{typed}' is neither a command nor of the form key=value. Did you mean 'sweep-up'? " in finished.err
    assert "sweep-up" in finished.err.partition("Commands: ")[2].partition(".")[0].split(", ")


def test_where_two_distributions_have_one_name_it_is_run_with_its_distribution_and_not_without(swept, site, tunekit):
    site.add("tunekit-mop", CODE.replace("{name}", "sweep-up").replace('"swept"', '"mopped"'))
    assert tunekit("tunekit-mop/sweep-up").out == "mopped\n"
    assert tunekit("tunekit-broom/sweep-up").out == "swept\n"
    finished = tunekit("sweep-up")
    assert finished.status == 2
    assert "Commands: " in finished.err
    assert "tunekit-broom/sweep-up, tunekit-mop/sweep-up" in finished.err


def test_a_command_of_tunekit_itself_comes_first(site, tunekit):
    site.add("tunekit-broom", CODE.replace("{name}", "plugins"))
    assert "asha_promotion" in tunekit("plugins").out


def test_a_broken_plugin_takes_no_command_of_another_down(swept, site, tunekit):
    site.add("tunekit-mop", CODE.replace("{name}", "Mop up"))
    assert tunekit("sweep-up").out == "swept\n"
    shown = tunekit("plugins").out
    assert "Broken: tunekit-mop 1.0" in shown
    assert "tunekit_register_commands" in shown


def test_an_option_asks_no_plugin_for_commands(site, tunekit):
    site.add("tunekit-broom", "@hookimpl\ndef tunekit_register_commands():\n    raise OSError('asked')\n\n\nAPI = 2\n")
    finished = tunekit("seed=1", "--cfg", "job")
    assert (finished.status, finished.err) == (0, "")
