"""Distributions that offer the same names: nothing is disabled or changed, and it is always clear which is meant."""

import pytest
import yaml

from tunekit.config.options_files.offered import groups
from tunekit_core import Objective, Problem, SearchSpace, Streams, create, uniform

SHORT = "stopping.max_num_evaluations=100"
RANDOM = """
from tunekit_core.builtin.random_search import RandomSearch


class Random(RandomSearch):
    \"\"\"Random search of somebody else.\"\"\"

    name = "random"


@hookimpl
def tunekit_register_searchers():
    return [Random]
"""
ENOUGH = """
import attrs

from tunekit_core import StoppingCriterion, option


class Enough(StoppingCriterion):
    \"\"\"Ends at once.\"\"\"

    name = "max_num_evaluations"

    @attrs.frozen(kw_only=True)
    class Options:
        reports: int = option(help="Reports.", at_least=1)

    def __init__(self, problem, options):
        super().__init__(problem, options)
        self.options = options

    def __call__(self, view):
        return f"{self.options.reports} reports are enough" if view.n_reports >= self.options.reports else None


@hookimpl
def tunekit_register_stopping_criteria():
    return [Enough]
"""
MOBSTER = "# Another one.\nname: mobster\nnum_init_random: 20\n"
RECIPE = """# @package _global_
# Another recipe.
defaults:
  - override /searcher: random
  - override /scheduler: asha_stopping
method:
  name: MOBSTER
"""


@pytest.fixture
def shown(tunekit):
    """The configuration that a command shows."""

    def show(*arguments):
        finished = tunekit(*arguments, "--cfg", "job")
        assert (finished.status, finished.err) == (0, "")
        return yaml.safe_load(finished.out)

    return show


@pytest.fixture
def planned(tunekit, results):
    """The folders of the runs of a command, below the folder of results."""

    def plan(*arguments):
        finished = tunekit(*arguments, "results_dir=here", "hydra.sweeper.plan=true")
        assert finished.status == 0, finished.err
        folders = [line.split()[-1] for line in finished.out.splitlines() if " here/" in line]
        return [folder.split("/", 2)[-1] for folder in folders]

    return plan


def refusal(finished):
    assert (finished.status, finished.out) == (2, "")
    (line,) = finished.err.splitlines()
    return line


BOTH_RANDOM = (
    "A searcher named 'random' is offered by tunekit-hpo 0.1.0 and by tunekit-other 1.0 (not a part of tunekit). Type "
    "which one is meant: searcher=tunekit-hpo/random or searcher=tunekit-other/random"
)


class TestComponents:
    @pytest.fixture(autouse=True)
    def other(self, site):
        site.add("tunekit-other", RANDOM, {"searcher/random.yaml": "name: random\n"})

    @pytest.mark.parametrize("typed", ["searcher=random", "searcher.name=random"])
    def test_the_bare_name_is_refused_where_it_is_used(self, typed, tunekit, results):
        assert refusal(tunekit(typed, SHORT)) == BOTH_RANDOM
        assert not results.root.exists()

    def test_what_does_not_use_it_works_and_recipes_of_ours_choose_ours(self, tunekit, shown):
        assert shown()["searcher"] == {"name": "tunekit-hpo/random"}
        assert shown("method=RS")["searcher"] == {"name": "tunekit-hpo/random"}
        assert shown("method=ASHA")["searcher"] == {"name": "tunekit-hpo/random"}
        assert shown("method=MOBSTER")["searcher"]["name"] == "mobster"
        assert tunekit("--help").status == 0

    def test_with_its_distribution_each_can_be_used_and_they_are_different_runs(self, tunekit, results):
        for home in ("tunekit-hpo", "tunekit-other"):
            assert tunekit(f"searcher={home}/random", SHORT).status == 0
            assert tunekit(f"searcher.name={home}/random", SHORT).status == 0
        folders = results.folders()
        assert [folder.parent.name for folder in folders] == ["fifo+random", "fifo+random"]
        recorded = [metadata["config"]["searcher"] for metadata in results.metadata()]
        assert sorted(recorded, key=str) == [
            {"name": "random", "distribution": "tunekit-hpo", "revision": 1},
            {"name": "random", "distribution": "tunekit-other", "revision": 1},
        ]

    def test_in_a_sweep_and_in_a_comparison(self, tunekit, results):
        searchers = "searcher=grid,tunekit-other/random,tunekit_hpo/random"
        finished = tunekit("--multirun", searchers, SHORT, "hydra.sweeper.n_jobs=1")
        assert finished.status == 0, finished.err
        assert "fifo+random searcher.distribution=tunekit-hpo" in finished.out
        assert "fifo+random searcher.distribution=tunekit-other" in finished.out
        assert len(results.folders()) == 3

    def test_by_pattern_all_are_taken(self, planned):
        assert len(planned("--multirun", "searcher=glob(*rand*)", SHORT)) == 2

    def test_what_is_shown_is_read_back(self, tunekit, results, tmp_path, planned):
        command = ["searcher=tunekit-other/random", SHORT]
        (tmp_path / "mine" / "experiment").mkdir(parents=True)
        (tmp_path / "mine" / "experiment" / "saved.yaml").write_text(tunekit(*command, "--cfg", "job").out)
        assert planned("experiment=saved", "--config-dir", "mine") == planned(*command)

    def test_from_python(self):
        problem = Problem(space=SearchSpace({"x": uniform(0, 1)}), objective=Objective("loss", "min"))
        searcher = create("searcher", "tunekit-other/random", problem, Streams(0))
        assert type(searcher).__module__ == "tunekit_other"

    def test_pages_show_both(self, tunekit):
        plugins = tunekit("plugins", "searcher").out
        for home in ("tunekit-hpo", "tunekit-other"):
            assert f"{home}/random" in plugins
        assert "Random search of somebody else." in plugins
        assert "tunekit-hpo/random, tunekit-other/random" in tunekit("--help").out
        assert "from tunekit-other 1.0" in tunekit("plugins", "searcher", "tunekit-other/random").out
        assert "Type which one is meant: python -m tunekit plugins searcher tunekit-hpo/random or python" in refusal(
            tunekit("plugins", "searcher", "random")
        )

    def test_a_function_is_tuned_as_before(self, results, monkeypatch):
        from tunekit import tune

        overrides = ["stopping.max_num_trials_finished=2", "searcher=tunekit-other/random"]
        result = tune(lambda x: x, {"x": "uniform(0, 1)"}, method="RS", n_workers=1, overrides=overrides)
        assert result.experiment.metadata["config"]["searcher"]["distribution"] == "tunekit-other"


def test_a_name_that_is_clear_is_the_same_run_with_its_distribution(planned):
    plain = planned("method=MOBSTER", "stopping.max_failures=5")
    assert planned("method=tunekit-bo/MOBSTER", "stopping.tunekit-hpo/max_failures=5") == plain
    qualified = "stopping.tunekit_hpo/max_failures.count=5"
    assert planned("method=MOBSTER", "searcher=tunekit-bo/mobster", qualified) == plain
    assert planned("method=MOBSTER", "searcher.name=tunekit-bo/mobster", "+stopping.max_failures=5") == plain


def test_a_name_that_is_clear_is_shown_without_its_distribution(shown):
    config = shown(
        "searcher=tunekit-bo/mobster", "stopping.tunekit-hpo/max_failures=5", "composers.tunekit-hpo/rung_sizes=true"
    )
    assert config["searcher"]["name"] == "mobster"
    assert config["stopping"]["max_failures"] == {"count": 5}
    assert config["composers"] == {"rung_sizes": {}}


def test_an_unknown_name_with_a_distribution_is_refused(tunekit):
    assert "There is no searcher 'tunekit-bo/mobstr'." in refusal(tunekit("searcher=tunekit-bo/mobstr"))
    assert "No searcher named 'tunekit-bo/mobstr'. Did you mean 'tunekit-bo/mobster'?" in (
        refusal(tunekit("searcher.name=tunekit-bo/mobstr"))
    )
    assert "stopping.tunekit-bo/max_cost: No stopping criterion named" in refusal(
        tunekit("stopping.tunekit-bo/max_cost=3")
    )


class TestOptionsFiles:
    @pytest.fixture(autouse=True)
    def other(self, site):
        site.add("tunekit-other", files={"searcher/mobster.yaml": MOBSTER, "searcher/mobster_mine.yaml": MOBSTER})

    def test_a_file_changes_no_component_of_another_distribution(self, shown, tunekit):
        assert refusal(tunekit("searcher=mobster")) == (
            "A searcher named 'mobster' is offered by tunekit-bo 0.1.0 and by tunekit-other 1.0 (not a part of "
            "tunekit). Type which one is meant: searcher=tunekit-bo/mobster or searcher=tunekit-other/mobster"
        )
        assert shown("searcher=tunekit-bo/mobster")["searcher"]["num_init_random"] == 6
        assert shown("method=MOBSTER")["searcher"]["num_init_random"] == 6
        assert shown("method=MOBSTER-TANH")["searcher"]["num_init_random"] == 6  # of another distribution of tunekit

    def test_it_is_chosen_where_it_is_named(self, shown):
        assert shown("searcher=tunekit-other/mobster")["searcher"]["num_init_random"] == 20

    def test_under_a_name_of_its_own_it_may_set_options_of_any_component(self, shown):
        assert shown("searcher=mobster_mine")["searcher"]["num_init_random"] == 20

    def test_help_shows_both(self, tunekit):
        assert "tunekit-bo/mobster, tunekit-other/mobster" in tunekit("--help").out

    def test_a_sweep_of_a_recipe_takes_ours(self, planned):
        assert len(planned("--multirun", "method=MOBSTER,MOBSTER-STOP")) == 2


def test_recipes_of_one_name_are_refused_where_the_name_is_used(site, tunekit, shown, planned):
    site.add("tunekit-other", files={"method/MOBSTER.yaml": RECIPE})
    assert "method=tunekit-bo/MOBSTER or method=tunekit-other/MOBSTER" in refusal(tunekit("method=MOBSTER"))
    assert shown("method=tunekit-other/MOBSTER")["scheduler"]["name"] == "asha_stopping"
    assert shown("method=tunekit-bo/MOBSTER")["searcher"]["name"] == "mobster"
    swept = planned("--multirun", "method=RS,tunekit-bo/MOBSTER,tunekit-other/MOBSTER")
    assert [folder.partition("/")[0] for folder in swept] == ["RS", "MOBSTER", "MOBSTER"]
    assert len(planned("experiment=demo_study", "seed=0")) == 16
    assert {"tunekit-bo/MOBSTER", "tunekit-other/MOBSTER"} < set(groups()["method"])


def test_a_function_is_tuned_by_our_method_whatever_else_has_its_name(site, results):
    from tunekit import tune

    site.add("tunekit-other", files={"method/BO.yaml": RECIPE.replace("MOBSTER", "BO")})
    overrides = ["stopping.max_num_trials_finished=2"]
    result = tune(lambda x: x, {"x": "uniform(0, 1)"}, n_workers=1, overrides=overrides)
    assert result.experiment.metadata["config"]["searcher"]["name"] == "bo"


def test_studies_of_one_name_are_refused_where_the_name_is_used(site, tunekit):
    study = (
        "# @package _global_\nexperiment: {name: demo_study}\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: 1}}}\n"
    )
    site.add("tunekit-other", files={"experiment/demo_study.yaml": study})
    assert "experiment=tunekit-other/demo_study" in refusal(tunekit("experiment=demo_study"))
    assert tunekit("experiment=tunekit-other/demo_study", "hydra.sweeper.plan=true").status == 0


def test_a_plugin_replaces_neither_the_primary_configuration_nor_options_of_hydra(site, shown, tunekit):
    files = {
        "config.yaml": "seed: 7\n",
        "extra.yaml": "seed: 7\n",
        "hydra/sweeper/tunekit.yaml": "n_jobs: 99\n",
        "hydra/job_logging/none.yaml": "seed: 7\n",
    }
    site.add("aaa-first", files=files)
    assert shown()["seed"] == 0
    assert tunekit("--config-name", "extra").status == 2
    assert tunekit("--multirun", "seed=1", "hydra.sweeper.plan=true").status == 0


def test_a_file_of_the_user_is_taken_first(tunekit, shown, tmp_path):
    for name in ("searcher/mobster", "scheduler/fifo"):
        (tmp_path / "mine" / name).parent.mkdir(parents=True)
    (tmp_path / "mine" / "searcher" / "mobster.yaml").write_text(MOBSTER)
    (tmp_path / "mine" / "scheduler" / "fifo.yaml").write_text("name: asha_stopping\n")
    mine = ["--config-dir", "mine"]
    assert shown("searcher=mobster", *mine)["searcher"]["num_init_random"] == 20
    assert shown("method=MOBSTER", *mine)["searcher"]["num_init_random"] == 20
    assert shown(*mine)["scheduler"]["name"] == "asha_stopping"
    assert shown("searcher=tunekit-bo/mobster", *mine)["searcher"]["num_init_random"] == 6
    assert shown("searcher=mobster")["searcher"]["num_init_random"] == 6


def test_a_file_of_the_user_settles_a_clash(site, shown, tmp_path):
    site.add("tunekit-other", files={"searcher/mobster.yaml": MOBSTER})
    (tmp_path / "mine" / "searcher").mkdir(parents=True)
    (tmp_path / "mine" / "searcher" / "mobster.yaml").write_text("name: mobster\nnum_init_random: 9\n")
    assert shown("searcher=mobster", "--config-dir", "mine")["searcher"]["num_init_random"] == 9


class TestSeveral:
    @pytest.fixture(autouse=True)
    def other(self, site):
        site.add("tunekit-other", ENOUGH)

    def test_the_bare_name_is_refused_where_it_is_used(self, tunekit):
        assert "stopping.tunekit-hpo/max_num_evaluations or stopping.tunekit-other/max_num_evaluations" in refusal(
            tunekit("stopping.max_num_evaluations=3")
        )

    def test_each_can_be_used_alone_and_both_together(self, tunekit, results):
        theirs, ours = "stopping.tunekit-other/max_num_evaluations=20", "stopping.tunekit-hpo/max_num_evaluations=10"
        found = []
        for number, command in enumerate(([theirs], [ours], [theirs.replace("=", ".reports="), ours])):
            assert tunekit(*command, f"experiment_tag=t{number}").status == 0
            (metadata,) = results.metadata(f"t{number}/*/*")
            assert metadata["config"]["stopping"].pop("no_success")["count"] == 20
            metadata["config"]["stopping"].pop("max_wallclock_time", None)
            found.append((metadata["config"]["stopping"], metadata["reason"]))
        their_options = {"distribution": "tunekit-other", "revision": 1, "reports": 20}
        our_options = {"distribution": "tunekit-hpo", "revision": 1, "count": 10}
        both = {"tunekit-other/max_num_evaluations": their_options, "tunekit-hpo/max_num_evaluations": our_options}
        assert found == [
            ({"max_num_evaluations": their_options}, "20 reports are enough"),
            ({"max_num_evaluations": our_options}, "10 evaluations were made"),
            (both, "10 evaluations were made"),
        ]

    def test_in_a_sweep(self, planned):
        assert len(planned("--multirun", "stopping.tunekit-other/max_num_evaluations=20,30")) == 2

    def test_both_are_shown_and_read_back(self, tunekit, shown, planned, tmp_path):
        command = ["stopping.tunekit-other/max_num_evaluations=20", "stopping.max_num_trials_started=5"]
        config = shown(*command)
        assert config["stopping"] == {
            "tunekit-other/max_num_evaluations": {"reports": 20},
            "max_num_trials_started": {"count": 5},
            "no_success": {"count": 20},
        }
        (tmp_path / "mine" / "experiment").mkdir(parents=True)
        (tmp_path / "mine" / "experiment" / "saved.yaml").write_text(tunekit(*command, "--cfg", "job").out)
        assert planned("experiment=saved", "--config-dir", "mine") == planned(*command)

    def test_the_whole_mapping_may_be_given(self, shown):
        given = "stopping={tunekit-other/max_num_evaluations: 20, tunekit-hpo/max_failures: 3}"
        assert shown(given)["stopping"] == {
            "tunekit-other/max_num_evaluations": {"reports": 20},
            "max_failures": {"count": 3},
            "max_wallclock_time": {"seconds": 3600.0},
            "no_success": {"count": 20},
        }

    def test_one_can_be_switched_off(self, shown, tmp_path):
        (tmp_path / "mine" / "method").mkdir(parents=True)
        recipe = "# @package _global_\nmethod: {name: MINE}\nstopping: {tunekit-other/max_num_evaluations: 20}\n"
        (tmp_path / "mine" / "method" / "MINE.yaml").write_text(recipe)
        mine = ["method=MINE", "--config-dir", "mine"]
        assert shown(*mine)["stopping"]["tunekit-other/max_num_evaluations"] == {"reports": 20}
        off = shown(*mine, "stopping.tunekit-other/max_num_evaluations=null")["stopping"]
        assert off["tunekit-other/max_num_evaluations"] is None


def test_a_component_without_an_options_file_is_chosen_like_any_other(site, shown, tunekit):
    site.add("tunekit-other", RANDOM.replace('name = "random"', 'name = "fileless"'))
    assert shown("searcher=fileless")["searcher"] == {"name": "fileless"}
    assert shown("searcher=tunekit-other/fileless")["searcher"] == {"name": "fileless"}


def test_a_file_does_not_stand_in_for_a_component_of_another_distribution_that_has_none(site, tunekit):
    site.add("tunekit-other", RANDOM.replace('name = "random"', 'name = "fileless"'))
    site.add("tunekit-third", files={"searcher/fileless.yaml": "name: fileless\n"})
    assert "searcher=tunekit-third/fileless or searcher=tunekit-other/fileless" in refusal(tunekit("searcher=fileless"))


def test_a_plugin_that_is_broken_takes_no_name(site, tunekit, shown):
    code = "@hookimpl\ndef tunekit_register_searchers():\n    raise SystemExit(3)\n"
    site.add("tunekit-other", code, {"searcher/mobster.yaml": MOBSTER})
    finished = tunekit("searcher=mobster", "--cfg", "job")
    assert finished.status == 0
    assert yaml.safe_load(finished.out)["searcher"]["num_init_random"] == 6
    assert "tunekit-other 1.0 is left out" in finished.err


def test_a_file_that_is_no_text_disturbs_no_page(site, tunekit):
    site.add("tunekit-other", files={"searcher/odd.yaml": "", "method/ODD.yaml": ""})
    for file in site.path.rglob("[oO]*.yaml"):
        file.write_bytes(b"# \xff\xfe\n\xff: [\n")
    assert tunekit("--help").status == 0
    assert tunekit("plugins").status == 0
    assert f"{site.path}/tunekit_other/conf/searcher/odd.yaml cannot be read: " in refusal(tunekit("searcher=odd"))
    assert refusal(tunekit("plugins", "searcher", "odd"))
