"""A method takes what fits the problem, by what is known before anything runs, and says so."""

from pathlib import Path

import pytest
import yaml

from tunekit import tune
from tunekit.config.arguments import parse
from tunekit.config.fits import Fit
from tunekit.config.options_files.files import find_file
from tunekit.config.planning import plan_command
from tunekit.config.schema import check
from tunekit_core import ConfigurationError

TYPED = ["method=AUTO", "backend=local", "benchmark=script", "n_workers=1", "benchmark.resource=epoch"]
TYPED += ["benchmark.space.x=uniform(0,1)", "benchmark.command=python train.py --x {x}"]
TO_THREE = ["benchmark.max_resource=3"]
PLAIN = 'import sys\nfor epoch in (1, 2, 3):\n    print(\'[tunekit-report] {"epoch": %d, "loss": 1.0}\' % epoch)\n'
TWO = {"searcher": "bo", "scheduler": "fifo"}
BO = "AUTO is BO here (searcher=bo scheduler=fifo), since the benchmark has no max_resource."
STOPS = "AUTO is MOBSTER-STOP here (searcher=mobster scheduler=asha_stopping), since"
OTHERS = """
from tunekit_core import Benchmark, Objective, SearchSpace, hookimpl
from tunekit_simulator.backend import Simulator

class Curves:
    n_seeds = 1
    def curve(self, configuration, seed):
        from tunekit_core import Curve
        return Curve([1, 2, 3], [1.0, 2.0, 3.0], {"loss": [configuration["x"]] * 3, "size": [1.0, 1.0, 1.0]})

class Two(Benchmark):
    name = "two"
    space = SearchSpace.parse({"x": "uniform(0,1)"})
    objective = Objective(("loss", "size"), ("min", "min"))
    max_resource = 3
    max_wallclock_time = 9.0
    def blackbox(self):
        return Curves()

class Short(Two):
    name = "short"
    objective = Objective("loss", "min")
    max_resource = 1

class Restless(Simulator):
    name = "restless"
    is_default = False
    def __init__(self, *context):
        super().__init__(*context)
        self.capabilities = frozenset()

@hookimpl
def tunekit_register_benchmarks():
    return [Two, Short]

@hookimpl
def tunekit_register_backends():
    return [Restless]
"""


@pytest.fixture
def train(results):
    """A script that reports three epochs."""
    path = Path("train.py")
    path.write_text(PLAIN)
    return path


@pytest.fixture
def others(site, results):
    site.add("tunekit-others", OTHERS)


def config(results):
    (metadata,) = results.metadata()
    return metadata["config"]


def test_each_line_of_the_table_is_the_recipe_that_it_names():
    *lines, last = recipe("AUTO")["method"]["fits"]
    for line in [*lines, {**last, "like": "AUTO"}]:
        chosen = {
            key.rpartition("/")[2]: name for entry in recipe(line["like"])["defaults"] for key, name in entry.items()
        }
        assert chosen == {"searcher": line["searcher"], "scheduler": line["scheduler"]}


def recipe(name):
    return yaml.safe_load(find_file("method", name).path.read_text())


def test_what_auto_usually_is_has_the_hash_and_the_bytes_that_it_has_without_the_table(tunekit, results):
    short = ["benchmark=fcnet", "stopping.max_num_evaluations=30"]
    assert tunekit("method=AUTO", *short).err.count("\n") == 1
    tunekit("searcher=freeze_thaw", "scheduler=freeze_thaw", "experiment_tag=plain", *short)
    (auto,), (plain,) = results.metadata(), results.metadata("plain/*/*")
    assert auto["hash"] == plain["hash"]
    assert auto["config"] == plain["config"]
    assert auto["method_chosen_on"] == ["fcnet-*", "synthetic-*-0"]
    assert set(auto) - {"method_chosen_on"} == set(plain)
    assert results.bytes() == results.bytes("plain/*/*")


def test_without_max_resource_it_is_bo_and_stays_so_when_it_goes_on(tunekit, results, train):
    finished = tunekit(*TYPED, "stopping.max_num_trials_started=1")
    assert (finished.status, BO in finished.err, BO in finished.out) == (0, True, True)
    (folder,) = results.folders()
    assert folder.parent.name == "AUTO"
    resumed = tunekit("resume", str(folder), "stopping.max_num_trials_started=2")
    assert (resumed.status, BO in resumed.out) == (0, True)
    (metadata,) = results.metadata()
    assert metadata["n_started"] == 2
    assert metadata["method_choice"] == BO.removeprefix("AUTO is ").removesuffix(".")
    assert metadata["method_chosen_on"] == ["fcnet-*", "synthetic-*-0"]
    assert (metadata["config"]["searcher"]["name"], metadata["config"]["scheduler"]["name"]) == ("bo", "fifo")
    assert BO in tunekit("show", str(results.folders()[0])).out


def test_an_option_that_is_typed_counts_though_it_is_a_default_of_what_is_usually_taken(tunekit, results, train):
    finished = tunekit(*TYPED, "stopping.max_num_trials_started=1", "searcher.num_fantasy_samples=0")
    assert finished.status == 0, finished.err
    (metadata,) = results.metadata()
    assert (metadata["config"]["searcher"]["name"], metadata["config"]["searcher"]["num_fantasy_samples"]) == ("bo", 0)
    refused = tunekit(*TYPED, "stopping.max_num_trials_started=1", "searcher.resource_kernel=matern52")
    assert (refused.status, "resource_kernel" in refused.err) == (2, True)


def test_a_simulation_that_keeps_no_checkpoints_is_one_of_mobster_stop(tunekit, results):
    short = ["benchmark=fcnet", "stopping.max_num_evaluations=30", "backend.checkpoint=false"]
    tunekit("method=MOBSTER-STOP", *short)
    finished = tunekit("method=AUTO", *short)
    why = "with backend=simulator backend.checkpoint=false no paused trial goes on where it was."
    assert f"{STOPS} {why}" in finished.err
    auto, other = results.metadata()
    assert auto["config"] == other["config"]
    assert len(set(results.bytes().values())) == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["benchmark=two"], "AUTO is RS here (searcher=random scheduler=fifo), since the benchmark has 2 metrics, and"),
        (["benchmark=short"], "AUTO is BO here (searcher=bo scheduler=fifo), since the benchmark has max_resource=1"),
        (["benchmark=fcnet", "backend=restless"], f"{STOPS} with backend=restless no paused trial goes on"),
    ],
)
def test_what_fits_the_components_of_others_runs(tunekit, others, typed, told):
    finished = tunekit("method=AUTO", "stopping.max_num_evaluations=12", *typed)
    assert (finished.status, told in finished.err) == (0, True)


def test_of_several_problems_it_is_said_for_which_and_nothing_where_all_is_quiet(tunekit, others):
    sweep = ["--multirun", "method=AUTO", "benchmark=short,fcnet", "hydra.sweeper.plan=true"]
    assert tunekit(*sweep).err.startswith("AUTO on short is BO here")
    assert tunekit(*sweep, "verbosity=0").err == ""


@pytest.mark.parametrize(
    ("text", "more", "is_auto"),
    [
        ("", [], False),
        ("# report.Checkpoint(epoch)\n", [], True),
        ("from tunekit.callbacks.keras import Report\n", [], True),
        ("from helper import save\n", [], True),
        ("", ["benchmark.command=python train.py --to {checkpoint}"], True),
        ("", ["benchmark.sources=[train.py]"], True),
        ("", ["benchmark.command=bash train.py"], True),
    ],
)
def test_a_script_is_paused_unless_it_is_read_to_keep_no_checkpoint(tunekit, train, text, more, is_auto):
    Path("helper.py").write_text("def save():\n    os.environ['TUNEKIT_CHECKPOINT_DIR']\n")
    train.write_text(text + PLAIN)
    if "bash train.py" in str(more):  # what a shell runs is not read
        train.rename("train.sh")
        more = ["benchmark.command=bash train.sh"]
    finished = tunekit(*TYPED, *TO_THREE, *more, "--plan")
    assert finished.status == 0
    assert (f"{STOPS} the program keeps no checkpoint, and a paused trial would begin anew." in finished.err) != is_auto


ASHA = ["method=ASHA", *TYPED[1:]]
WARNED = "ASHA pauses trials, but the program keeps no checkpoint, and a paused trial would begin anew."


def test_a_method_that_pauses_trials_which_would_begin_anew_says_so_and_what_to_type(tunekit, results, train):
    finished = tunekit(*ASHA, *TO_THREE, "stopping.max_num_trials_completed=1")
    assert finished.status == 0, finished.err
    assert finished.err.startswith(
        f"Warning: {WARNED} Type method=AUTO, which takes what fits, or scheduler=asha_stopping, which stops instead.\n"
    )
    assert WARNED in finished.out
    assert "begins again: it kept no checkpoint when it paused\n" in finished.err
    assert "goes on" not in finished.err
    (folder,) = results.folders()
    (metadata,) = results.metadata()
    promoted = tunekit("explain", str(folder), str(metadata["incumbent"]["trial_id"]))
    assert "it is promoted from epoch 1 and begins again, to run to epoch 3" in promoted.out
    report = tunekit("report", "results/default")
    assert "ASHA pauses trials, but the program keeps no checkpoint" in report.out + report.err


@pytest.mark.parametrize("more", [["scheduler=asha_stopping"], ["method=RS"], ["verbosity=0"]])
def test_nothing_is_said_of_pauses_where_there_are_none_or_all_is_quiet(tunekit, train, more):
    assert (
        "pauses trials" not in tunekit(*(ASHA if more[0] != "method=RS" else TYPED[1:]), *TO_THREE, *more, "--plan").err
    )


def test_what_is_typed_beside_the_method_stands(tunekit, results, train):
    typed = [*TYPED, "searcher=random", "scheduler=fifo", "stopping.max_num_trials_started=1"]
    finished = tunekit(*typed)
    assert (finished.status, "AUTO is" in finished.err) == (0, False)
    assert config(results)["searcher"]["name"] == "random"
    refused = tunekit(*TYPED, "searcher=random")
    assert refused.status == 2
    assert "The run has method=AUTO, with searcher=random and scheduler=freeze_thaw." in refused.err


def test_an_option_is_that_of_what_was_taken(tunekit, train):
    assert tunekit(*TYPED, "searcher.num_init_random=4", "--plan").status == 0
    refused = tunekit(*TYPED, "scheduler.probability_sh=0.5", "--plan")
    assert refused.status == 2
    assert "scheduler.probability_sh=0.5: the scheduler 'fifo'" in refused.err
    assert BO in refused.err
    assert tunekit(*TYPED, "scheduler.probability_sh=0.5", "--cfg", "job").err == refused.err


@pytest.mark.parametrize("more", [[], ["searcher.num_init_random=4"], TO_THREE, [*TO_THREE, "benchmark.metrics={}"]])
def test_the_configuration_that_is_shown_is_what_runs_also_when_it_is_read_back(tunekit, train, more):
    """Where nothing holds, or checkpoints are lacking, too."""
    shown = tunekit(*TYPED, *more, "--cfg", "job")
    Path("conf/experiment").mkdir(parents=True)
    Path("conf/experiment/again.yaml").write_text(shown.out)
    first = tunekit(*TYPED, *more, "--plan")
    again = tunekit("--config-dir=conf", "experiment=again", "--plan")
    assert (again.out, again.err) == (first.out, first.err)
    assert shown.err == first.err
    (spec,) = plan_command(parse(TYPED + more)).specs
    config = yaml.safe_load(shown.out)
    for kind in ("searcher", "scheduler"):
        expected = {key: value for key, value in spec.results[kind].items() if key not in ("distribution", "revision")}
        assert config[kind] == expected


def test_what_is_shown_of_a_benchmark_that_cannot_be_opened_is_the_usual_and_that_is_said(tunekit):
    shown = tunekit("method=AUTO", "benchmark=script", "--cfg", "job", "-p", "searcher.name")
    assert (shown.status, shown.out) == (0, "freeze_thaw\n")
    assert shown.err.startswith("AUTO may take something else: that is known once the benchmark can be opened.")


def test_a_function_is_tuned_by_what_fits(results):
    result = tune(lambda x: x, {"x": "uniform(0, 1)"}, method="AUTO", n_workers=1, max_trials=1)
    assert repr(result).startswith(BO)
    assert result.experiment.metadata["config"]["searcher"]["name"] == "bo"


def test_a_table_is_read():
    line = {"where": "no_max_resource", "searcher": "a", "scheduler": "b"}
    read = check_method([line, {"searcher": "c", "scheduler": "d"}])
    assert read.fits == (Fit("a", "b", "no_max_resource"), Fit("c", "d"))


@pytest.mark.parametrize(
    ("fits", "problem"),
    [
        ([], "method.fits=[] must be a list of mappings."),
        (3, "method.fits=3 must be a list of mappings."),
        (["bo"], "method.fits, line 1 of 1, 'bo': it is no mapping."),
        ([{"searcher": "bo"}], "line 1 of 1, {'searcher': 'bo'}: its scheduler must be a name."),
        ([{"searcher": "bo", "scheduler": 3}], "its scheduler must be a name."),
        ([{"where": "no_max_resource", **TWO, "when": 3}, TWO], "line 1 of 2, {'where': 'no_max_resource', "),
        ([{"where": "no_max_resource", **TWO, "when": 3}, TWO], ": there is no key 'when'. Did you mean 'where'? A"),
        ([{"where": "no_checkpoint", **TWO}, TWO], "no condition 'no_checkpoint'. Did you mean 'no_checkpoints'? A"),
        ([{"where": "raining", **TWO}, TWO], "there is no condition 'raining'. A line is"),
        ([{"where": "no_max_resource", **TWO}], "line 1 of 1, {'where': 'no_max_resource', "),
        ([{"where": "no_max_resource", **TWO}], ": the last line must have no condition, "),
        ([TWO, TWO], "line 1 of 2, {'searcher': 'bo', 'scheduler': 'fifo'}: it has no condition, so that none of the"),
        ([{"like": 3, **TWO}], "its like must be the name of a recipe."),
    ],
)
def test_what_is_no_table_is_refused_with_the_line(fits, problem):
    with pytest.raises(
        ConfigurationError, match=r"The conditions are: several_metrics, no_max_resource, no_checkpoi"
    ) as e:
        check_method(fits)
    assert problem in str(e.value)


def own_recipe(text):
    """What is typed to take a recipe of one's own."""
    Path("own/method").mkdir(parents=True)
    Path("own/method/OWN.yaml").write_text(f"# @package _global_\n{text}")
    return ["--config-dir=own", *TYPED[1:], "method=OWN", "--plan"]


BO_IN_DEFAULTS = "defaults: [{override /searcher: bo}]\n"
LINE = "{where: several_metrics, searcher: random, scheduler: fifo}"


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        (BO_IN_DEFAULTS, "searcher=bo and scheduler=fifo"),
        ("defaults: [/searcher: random, override /searcher: bo]\n", "searcher=bo and scheduler=fifo"),
        ("searcher: {name: bo}\n", "searcher=bo and scheduler=fifo"),
        ("", "searcher=random and scheduler=fifo"),
        ("defaults: [{override /scheduler: asha_promotion_3_brackets}]\n", "searcher=random and scheduler=asha_promo"),
    ],
)
def test_a_last_line_that_is_not_what_the_recipe_chooses_is_refused(tunekit, train, text, chosen):
    table = f"method: {{name: OWN, fits: [{LINE}, {{searcher: mobster, scheduler: asha_stopping}}]}}\n"
    refused = tunekit(*own_recipe(text + table))
    assert refused.status == 2
    assert "OWN.yaml: method.fits, line 2 of 2, {'searcher': 'mobster', 'scheduler': 'asha_stopping'}: " in refused.err
    assert f"must have what the recipe itself chooses, {chosen}" in refused.err
    assert "Write that there, or 'override /searcher: mobster' into its defaults." in refused.err


def test_a_table_of_another_recipe_goes_with_its_components_alone(tunekit, train):
    text = "defaults: [AUTO, override /scheduler: asha_promotion]\nmethod: {name: OWN%s}\n"
    refused = tunekit(*own_recipe(text % ""))
    assert refused.status == 2
    assert (
        "method.fits: OWN chooses searcher=freeze_thaw and scheduler=asha_promotion, and has the table of a recipe "
        "that chooses searcher=freeze_thaw and scheduler=freeze_thaw, of which no line would count." in refused.err
    )
    Path("own/method/OWN.yaml").write_text(f"# @package _global_\n{text % ', fits: null'}")
    assert "OWN" in tunekit("--config-dir=own", "method=OWN", "--plan").out


@pytest.mark.parametrize(
    ("text", "last"),
    [
        (BO_IN_DEFAULTS, "{searcher: bo, scheduler: fifo}"),
        (BO_IN_DEFAULTS, "{searcher: tunekit-bo/bo, scheduler: fifo}"),
        ("", "{searcher: random, scheduler: fifo}"),
        (
            "defaults: [{override /scheduler: asha_promotion_3_brackets}]\n",
            "{searcher: random, scheduler: asha_promotion}",
        ),
        ("defaults: [BO]\n", "{searcher: bo, scheduler: fifo}"),
    ],
)
def test_a_last_line_that_is_what_the_recipe_chooses_is_taken(tunekit, train, text, last):
    line = "{where: no_checkpoints, searcher: mobster, scheduler: asha_stopping}"
    finished = tunekit(
        *own_recipe(f"{text}method: {{name: OWN, fits: [{line}, {last}]}}\n"), "benchmark.max_resource=27"
    )
    assert finished.status == 0, finished.err
    assert "OWN is searcher=mobster scheduler=asha_stopping here, since the program keeps no checkpoint" in finished.err


def test_a_line_of_what_is_not_installed_is_named_where_it_holds(tunekit, train):
    table = "[{where: no_max_resource, searcher: boo, scheduler: fifo}, {searcher: bo, scheduler: fifo}]"
    typed = own_recipe(f"{BO_IN_DEFAULTS}method: {{name: OWN, fits: {table}}}\n")
    assert tunekit(*typed, *TO_THREE).status == 0
    refused = tunekit(*typed)
    assert refused.status == 2
    assert refused.err.startswith("method.fits, line 1 of 2: No searcher named 'boo'. Did you mean 'bo'?")


def check_method(fits):
    names = {key: {"name": "any"} for key in ("searcher", "scheduler")}
    values = {"seed": 0, "random_seed": 0, "scale_max_wallclock_time": False, "wait_for_running": False}
    texts = {"experiment_tag": "a", "results_dir": "b", "verbosity": 1}
    return check({**names, **values, **texts, "method": {"name": "OWN", "fits": fits}})


def test_a_page_of_experiments_of_which_none_is_run_says_nothing_of_what_methods_took(tunekit, results):
    tunekit("method=AUTO", "benchmark=fcnet", "stopping.max_num_evaluations=12", "backend.checkpoint=false")
    written = tunekit("report", "results/default", "html=mine.html")
    assert (written.status, "AUTO is" in written.err) == (0, False), written.err
    assert Path("mine.html").exists()
