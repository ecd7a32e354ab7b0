"""The help page and the list of plugins."""

import dataclasses

import pytest

from tunekit.config.schema import KEYS


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_teaches_commands_keys_and_groups(flag, tunekit):
    finished = tunekit(flag)
    assert finished.status == 0
    for text in ("--multirun 'seed=range(20)'", "MOBSTER-TANH", "asha_promotion", "fcnet", "demo_study", *KEYS):
        assert text in finished.out


def test_every_option_of_the_sweeper_is_on_the_help_page_and_known_to_refusals(tunekit):
    from hydra_plugins.tunekit_sweeper.sweeper import TunekitSweeperConf
    from tunekit.config.composition.hydra_errors import SWEEPER_OPTIONS

    options = {field.name for field in dataclasses.fields(TunekitSweeperConf)} - {"_target_"}
    assert options == set(SWEEPER_OPTIONS)
    page = tunekit("--help").out
    assert "--plan" in page
    assert [name for name in options - {"plan", "params"} if f"hydra.sweeper.{name}=" not in page] == []


def test_help_shows_the_groups_of_third_parties(shell):
    assert "trouble" in shell("--help").out


def test_help_does_not_wait_for_hydra(shell, tmp_path):
    (tmp_path / "hydra.py").write_text("raise RuntimeError('imported')")
    finished = shell("--help", PYTHONPATH=str(tmp_path))
    assert finished.status == 0
    assert "imported" not in finished.err


def test_plugins_lists_everything_installed_with_its_options(tunekit):
    finished = tunekit("plugins")
    assert finished.status == 0
    required = "seconds=<number, above 0 and finite>"
    for text in ("asha_promotion", "reduction_factor=null", "tunekit-asha", "max_wallclock_time", required):
        assert text in finished.out


def test_plugins_lists_third_parties_and_broken_ones_with_their_reason(shell, tmp_path):
    info = tmp_path / "tunekit_broken-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tunekit-broken\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[tunekit]\nbroken = tunekit_broken\n")
    finished = shell("plugins", PYTHONPATH=f"{tmp_path}:{tmp_path}")
    assert finished.status == 0
    assert "Broken: tunekit-broken" in finished.out
    assert "No module named 'tunekit_broken'" in finished.out


def test_plugins_says_which_state_no_api(site, tunekit):
    site.add("tunekit-silent")
    finished = tunekit("plugins")
    assert (
        "Without API: tunekit-silent 1.0 does not state which contracts it was written for, and is taken for one of "
        "today's. To state it, write API = 2 in the module tunekit_silent.\n"
    ) in finished.out
    assert finished.out.count("Without API") == 1


def a_plugin_with(folder, files):
    """A distribution that offers nothing but these options files."""
    package = folder / "tunekit_files"
    (package / "conf").mkdir(parents=True)
    (package / "conf" / "__init__.py").touch()
    (package / "__init__.py").write_text(
        "from tunekit_core import hookimpl\n\n\n@hookimpl\ndef tunekit_config_packages():\n"
        "    return ['tunekit_files.conf']\n"
    )
    for name, text in files.items():
        (package / "conf" / name).parent.mkdir(exist_ok=True)
        (package / "conf" / name).write_text(text)
    info = folder / "tunekit_files-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tunekit-files\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tunekit]\nfiles = tunekit_files\n")
    return str(folder)


def test_help_offers_recipes_however_they_choose_and_survives_files_that_cannot_be_read(shell, tmp_path):
    files = {
        "method/PLAIN.yaml": "# @package _global_\ndefaults:\n  - override /hydra/sweeper: tunekit\n"
        "  - override /backend: null\nmethod: {name: PLAIN}\n",
        "experiment/swept.yaml": "# @package _global_\nexperiment: {name: swept}\nhydra:\n  sweeper:\n    params:\n"
        "      searcher: \"'random', grid\"\n      scheduler: choice(fifo)\n",
        "experiment/absent.yaml": "# @package _global_\nexperiment: {name: absent}\nhydra:\n  sweeper:\n"
        "    params:\n      searcher: random,nobodys\n",
        "method/BROKEN.yaml": "a: [unclosed\n",
        "experiment/empty.yaml": "hydra: {sweeper: null}\n",
    }
    finished = shell("--help", PYTHONPATH=a_plugin_with(tmp_path / "site", files))
    assert finished.status == 0, finished.err
    assert "method=PLAIN" in finished.out
    assert "experiment=swept" in finished.out
    assert "experiment=absent" not in finished.out
    refused = shell("method=BROKEN", PYTHONPATH=str(tmp_path / "site"))
    assert refused.status == 2
    assert "Traceback" not in refused.err


def test_a_component_whose_options_cannot_be_read_hides_no_other(tunekit, site):
    code = """
from pathlib import Path

import attrs

from tunekit_core import option
from tunekit_core.builtin.random_search import RandomSearch


@attrs.frozen(kw_only=True)
class PathOptions:
    earlier: Path | None = option(None, help="Earlier results.")


class Reads(RandomSearch):
    name = "reads"
    Options = PathOptions


@hookimpl
def tunekit_register_searchers():
    return [Reads]
"""
    site.add("tunekit-reads", code)
    finished = tunekit("plugins", "searcher")
    assert (finished.status, finished.err) == (0, "")
    assert (
        "Broken: The searcher 'reads' (tunekit-reads 1.0) cannot be used: PathOptions.earlier has the type Path, of "
        in (finished.out)
    )
    assert "Random configurations, uniform in the scale of each domain" in finished.out
    refused = tunekit("searcher=reads")
    assert refused.status == 2
    assert "The searcher 'reads' (tunekit-reads 1.0) cannot be used: PathOptions.earlier has the type" in refused.err


def test_an_options_file_is_no_component_and_says_of_which_it_is(tunekit):
    finished = tunekit("plugins", "scheduler", "asha_promotion_3_brackets")
    assert finished.status == 2
    assert "an options file of the scheduler 'asha_promotion'" in finished.err
    assert "pip install" not in finished.err


def test_a_config_package_that_cannot_be_imported_is_told_with_the_plugin_that_names_it(site, tunekit):
    site.add("tunekit-files", "API = 2")
    (site.path / "tunekit_files/conf/__init__.py").unlink()
    finished = tunekit("searcher=random", "--cfg", "job")
    assert finished.status == 0
    assert finished.err == (
        "Warning: the plugin tunekit-files names the config package 'tunekit_files.conf', which is no package with an "
        "__init__.py that can be imported; it is left out.\n"
    )


def test_a_component_is_shown_without_the_sections_of_its_docstring_that_are_for_code(tunekit):
    shown = tunekit("plugins", "scheduler", "pasha").out
    assert "a stopping criterion ends the experiment.\n" in shown
    assert "References:\n    Bohdal et al." in shown
    assert "Attributes:" not in shown
    assert "n_unlocked" not in shown
    assert "Raises:" not in shown


def test_plugins_can_be_narrowed_to_a_kind(tunekit):
    shown = tunekit("plugins", "searcher").out
    assert "grid" in shown
    assert "asha_promotion" not in shown


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("searchers", "plugins searcher"),
        ("schedulers", "plugins scheduler"),
        ("Backends", "plugins backend"),
        ("benchmarks", "plugins benchmark"),
        ("stopings", "plugins stopping"),
        ("criterion", "plugins stopping"),
        ("criteria", "plugins stopping"),
        ("stopping_criteria", "plugins stopping"),
        ("composers", "plugins composer"),
        ("ResultComposer", "plugins composer"),
        ("observers", "plugins observer"),
        ("composers rung_sizes", "plugins composer rung_sizes"),
        ("rung_sizes", "plugins composer rung_sizes"),
        ("methods", "--help"),
    ],
)
def test_a_plural_or_a_near_miss_of_a_kind_is_answered_with_the_line_to_type(typed, line, tunekit):
    finished = tunekit("plugins", *typed.split())
    assert finished.status == 2
    assert f"Type: python -m tunekit {line}. Kinds: searcher, scheduler, " in finished.err


def test_one_component_is_explained_with_the_names_that_are_typed(tunekit):
    shown = tunekit("plugins", "scheduler", "asha_promotion").out
    for text in ("pauses every trial at its next rung", "scheduler.min_resource", "whole number, at least 1"):
        assert text in shown
    assert "stopping.max_wallclock_time" in tunekit("plugins", "stopping", "max_wallclock_time").out
    assert "It has no options." in tunekit("plugins", "scheduler", "fifo").out


@pytest.mark.parametrize(("verb", "text"), [("plugins", "plugins searcher random"), ("resume", "resume FOLDER")])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_each_verb_has_a_page_of_its_own(verb, flag, text, tunekit):
    finished = tunekit(verb, flag)
    assert (finished.status, finished.err) == (0, "")
    assert text in finished.out


def test_version(tunekit):
    assert tunekit("--version").out.startswith("tunekit-hpo ")


def test_completion_knows_our_groups(shell):
    finished = shell("-sc", "query=bash", COMP_LINE="tunekit scheduler=a")
    assert "scheduler=asha_promotion" in finished.out.split()
