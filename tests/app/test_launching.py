"""``hydra/launcher=NAME``: runs are sent elsewhere, and come back as if they had been run here."""

import json
import sys
from pathlib import Path

import pytest

from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.runs.launching import launch_of
from tunekit_core import load_experiment

PLUGIN = (Path(__file__).with_name("toy_launcher.py")).read_text() + (
    "\n\n@hookimpl\ndef tunekit_register_launchers():\n    return [Toy]\n"
)
LIMIT = "stopping.max_wallclock_time=300"
STUDY = ("method=RS,ASHA", "benchmark=fcnet", LIMIT, "--multirun", "seed=range(2)", "results_dir=results")
TOY = ("hydra/launcher=toy", "hydra.launcher.machine=../machine")
ON_THIS_MACHINE = (
    "Without a launcher runs are run on this machine; hydra.sweeper.n_jobs=N says how many of them at the same time.\n"
)
SCRIPT = (
    *("benchmark=script", f"benchmark.command={sys.executable} train.py", "benchmark.folder=project"),
    *("benchmark.space.lr=loguniform(1e-4,1e-1)", "searcher=random", "n_workers=1"),
    *("stopping={max_num_trials_started:2,max_wallclock_time:1800}",),
)
TRAIN = """
from tunekit import Reporter

Reporter()(loss=0.5)
"""


@pytest.fixture
def toy(site):
    """A distribution with the launcher toy."""
    site.add("tunekit-toy", PLUGIN)


@pytest.fixture
def within(tmp_path, monkeypatch):
    """Go to a folder of this name, made where needed."""

    def go(name):
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / name)
        return tmp_path / name

    return go


def result_files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*/*/results.csv.zip")}


def test_a_launched_sweep_gives_the_files_and_the_summary_of_a_local_one_to_the_byte(tunekit, toy, within):
    here = within("local")
    local = tunekit(*STUDY)
    away = within("launched")
    launched = tunekit(*STUDY, *TOY)
    assert (launched.status, launched.out) == (0, "")
    assert not (away / "results").exists()
    assert launched.err.splitlines()[0] == "4 runs: 0 complete, 4 to launch."
    assert launched.err.splitlines()[1].startswith("4 runs are begun. To have what they came to, type: ")
    again = tunekit(*STUDY, *TOY)
    assert (again.status, again.out) == (0, local.out)
    assert "best metric_valid_loss so far" in local.out
    assert len(result_files(here / "results")) == 4
    assert result_files(here / "results") == result_files(away / "results")
    third = tunekit(*STUDY, *TOY)
    assert (third.status, third.out) == (0, local.out)


def test_what_is_complete_here_is_not_launched(tunekit, toy, within, tmp_path):
    within("here")
    assert tunekit(*STUDY, "method=RS").status == 0
    launched = tunekit(*STUDY, *TOY)
    assert launched.err.startswith("4 runs: 2 complete, 2 to launch.\n2 runs are begun.")
    assert {path.name for path in (tmp_path / "machine" / "results" / "default").iterdir()} == {"ASHA"}


def test_only_what_has_the_status_that_is_named_is_launched(tunekit, toy, within, tmp_path):
    within("here")
    assert tunekit(*STUDY, "method=RS", "seed=0").status == 0
    launched = tunekit(*STUDY, *TOY, "hydra.sweeper.only=failed")
    assert launched.status == 0
    assert (
        launched.err.splitlines()[0] == "1 run: 1 complete, 0 to run. Left out by hydra.sweeper.only=[failed]: 3 runs."
    )
    assert not (tmp_path / "machine").exists()
    plan = tunekit(*STUDY, *TOY, "hydra.sweeper.only=missing", "--plan")
    assert "4 runs: 1 complete here, 3 left." in plan.out


def test_where_not_all_could_be_begun_the_status_is_1_and_the_same_command_begins_the_rest(tunekit, toy, within):
    within("here")
    first = tunekit(*STUDY, *TOY, "hydra.launcher.at_most=3")
    assert (first.status, first.err.splitlines()[0]) == (1, "4 runs: 0 complete, 4 to launch.")
    second = tunekit(*STUDY, *TOY, "hydra.launcher.at_most=3")
    assert (second.status, second.err.splitlines()[0]) == (0, "4 runs: 3 complete, 1 to launch.")


def test_a_single_run_is_launched_as_well_and_prints_what_a_local_one_does(tunekit, toy, within):
    one = ("method=ASHA", "benchmark=fcnet", LIMIT, "results_dir=results")
    within("local")
    local = tunekit(*one)
    within("launched")
    assert tunekit(*one, *TOY).err.startswith("1 run: 0 complete, 1 to launch.\n1 runs are begun.")
    assert "best metric_valid_loss" in local.out.lower()
    launched = tunekit(*one, *TOY)
    local_lines, launched_lines = local.out.splitlines(), launched.out.splitlines()
    assert launched_lines[:3] == local_lines[:3]


def test_a_program_of_ones_own_goes_with_its_runs(tunekit, toy, within, tmp_path):
    (within("here") / "project").mkdir()
    (tmp_path / "here" / "project" / "train.py").write_text(TRAIN)
    launched = tunekit(*SCRIPT, *TOY, "results_dir=results")
    assert launched.status == 0, launched.err
    assert launched.err.splitlines()[1] == "Sources: train.py."
    assert tunekit(*SCRIPT, *TOY, "results_dir=results").status == 0
    (folder,) = (tmp_path / "here" / "results").glob("*/*/*")
    assert list(load_experiment(folder).results["loss"]) == [0.5, 0.5]


def test_the_plan_of_a_launcher_lists_jobs_with_hours_and_dollars_and_begins_nothing(tunekit, toy, within, tmp_path):
    (within("here") / "project").mkdir()
    (tmp_path / "here" / "project" / "train.py").write_text(TRAIN)
    finished = tunekit(*SCRIPT, "--multirun", "seed=range(4)", *TOY, "hydra.launcher.price=0.6", "--plan")
    assert (finished.status, finished.err) == (0, "")
    assert [" ".join(line.split()) for line in finished.out.splitlines() if line.strip()] == [
        "job runs where hours dollars",
        "─" * 51,
        "fifo+random 4 1 x folder ≤ 2.0 ≤ 1.20",
        "4 runs: 0 complete here, 4 left.",
        "1 job. Hours: 2.0. Dollars: 1.20.",
        "≤: by the time limit of the job.",
        "All of it is in a folder.",
    ]
    assert not (tmp_path / "machine").exists()
    assert not (tmp_path / "results").exists()


def test_hours_and_dollars_that_nobody_knows_are_said_to_be_unknown(tunekit, toy, within):
    within("here")
    finished = tunekit(*STUDY, *TOY, "hydra.sweeper.plan=true")
    lines = [" ".join(line.split()) for line in finished.out.splitlines()]
    assert "RS 2 1 x folder unknown unknown" in lines
    assert lines[-4:-2] == [
        "2 jobs. Hours: unknown. Dollars: unknown.",
        "Unknown hours: no such run is complete here yet. Run one seed of each method here to have them.",
    ]


def test_the_flag_plan_lists_runs_where_there_is_no_launcher(tunekit, results):
    typed = tunekit(*STUDY, "hydra.sweeper.plan=true")
    finished = tunekit(*STUDY, "--plan")
    assert (finished.status, finished.out, finished.err) == (0, typed.out, "")
    assert finished.out.count("missing") == 4
    assert not (results.root.parent / "results").exists()


NO_PART = "tunekit runs the runs of a sweep itself, and Hydra's launchers have no part in it. In its place type "
INSTEAD = {
    "joblib": f"{NO_PART}hydra.sweeper.n_jobs=N, for N runs at the same time on this machine.",
    "submitit_local": f"{NO_PART}hydra.sweeper.n_jobs=N, for N runs at the same time on this machine.",
    "submitit_slurm": f"{NO_PART}the launcher of a plugin of tunekit (installed: sagemaker), or have each job of the "
    "cluster type this command without it, with a results_dir that they share: what one of them runs or has run, the "
    "others do not run.",
}
OF_HYDRA = """
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher


@dataclass
class Options:
    _target_: str = "hydra_plugins.hydra_{name}_launcher.launcher.Other"
    n_jobs: int = -1


ConfigStore.instance().store(group="hydra/launcher", name="{name}", node=Options, provider="other")


class Other(Launcher):
    def __init__(self, **options):
        raise SystemExit("it was made")

    def setup(self, *, hydra_context, task_function, config):
        raise SystemExit("it was set up")

    def launch(self, job_overrides, initial_job_idx):
        raise SystemExit("it was begun")
"""


@pytest.mark.parametrize("name", list(INSTEAD))
def test_a_launcher_of_hydra_is_refused_with_what_to_type_instead(tunekit, name, results):
    finished = tunekit(*STUDY, f"hydra/launcher={name}", "hydra.launcher.n_jobs=2")
    assert (finished.status, finished.out, finished.err) == (2, "", f"hydra/launcher={name}: {INSTEAD[name]}\n")


@pytest.mark.parametrize("name", ["joblib", "submitit_slurm"])
def test_so_it_is_where_its_plugin_is_installed(shell, results, tmp_path, name):
    package = tmp_path / "site" / "hydra_plugins" / f"hydra_{name}_launcher"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "launcher.py").write_text(OF_HYDRA.replace("{name}", name))
    options = (f"hydra/launcher={name}", "hydra.launcher.n_jobs=2")
    finished = shell(*STUDY, *options, PYTHONPATH=str(tmp_path / "site"))
    assert (finished.status, finished.out, finished.err) == (2, "", f"hydra/launcher={name}: {INSTEAD[name]}\n")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ["slurm", "tpy", "tunekit-toy/tpy", ""])
def test_a_launcher_that_is_none_of_ours_is_refused_with_those_that_are(tunekit, toy, name):
    finished = tunekit(*STUDY, f"hydra/launcher={name}")
    close = "Did you mean 'toy'? " if name == "tpy" else ""
    close = "Did you mean 'tunekit-toy/toy'? " if name == "tunekit-toy/tpy" else close
    assert (finished.status, finished.err) == (
        2,
        f"hydra/launcher={name}: No launcher named '{name}'. {close}Installed: sagemaker, toy. {ON_THIS_MACHINE}",
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            ("hydra.launcher.machin=x",),
            "hydra.launcher.machin='x': the launcher 'toy' (tunekit-toy 1.0) has no option 'machin'. Did you mean "
            "'machine'? Its options: machine, at_most, refuses, price.\n",
        ),
        ((), "The launcher 'toy' needs a value for 'machine': add hydra.launcher.machine=… (text).\n"),
        (
            ("hydra.launcher.machine=x", "hydra.launcher.at_most=many"),
            "hydra.launcher.at_most='many' does not fit. Allowed: whole number | null, at least 1.\n",
        ),
        (
            ("hydra.launcher.machine=x", "hydra.launcher.at_most=0"),
            "hydra.launcher.at_most=0 must be at least 1.\n",
        ),
        (
            ("hydra.launcher.machine=x", "hydra.launcher.refuses=true"),
            "hydra.launcher.refuses=True: so it does.\n",
        ),
        (
            ("hydra.launcher.machine=x", "experiment_tag=a,b"),
            "experiment_tag has several values, a, b, and what is launched has one. Launch one after the other, with "
            "experiment_tag=TAG.\n",
        ),
        (("hydra.launcher.machine=x", "seed=1", "searcher=randm"), "There is no searcher 'randm'. Did you mean "),
    ],
)
def test_what_cannot_be_launched_is_refused_before_anything_is_written(tunekit, toy, within, options, problem):
    here = within("here")
    finished = tunekit(*STUDY, "hydra/launcher=toy", *options)
    assert (finished.status, finished.out) == (2, "")
    assert finished.err.startswith(problem)
    assert [*here.iterdir()] == []


def test_an_option_of_a_launcher_without_one_is_refused(tunekit, toy):
    finished = tunekit(*STUDY, "hydra.launcher.machine=x")
    assert (finished.status, finished.err) == (
        2,
        "hydra.launcher.machine: no launcher is chosen that could have this option. Add hydra/launcher=NAME; "
        f"installed: sagemaker, toy. {ON_THIS_MACHINE}",
    )


def test_a_launcher_is_one_for_the_whole_sweep(tunekit, toy):
    finished = tunekit(*STUDY, "hydra/launcher=toy,basic")
    assert finished.status == 2
    assert finished.err.startswith("'hydra/launcher=toy,basic' gives several values, and what is below hydra has one")


def test_a_run_with_a_secret_is_not_sent_anywhere(tunekit, toy, within, tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "sesame-open-up")
    (within("here") / "project").mkdir()
    (tmp_path / "here" / "project" / "train.py").write_text(TRAIN)
    finished = tunekit(*SCRIPT, *TOY, "benchmark.environment.API_TOKEN=${oc.env:API_TOKEN}")
    assert (finished.status, finished.out) == (2, "")
    assert finished.err == (
        "benchmark.environment.API_TOKEN is or holds a secret, and secrets are not sent to other machines. Leave it "
        "out and have the program read it where it runs, or run it on this machine: without hydra/launcher=toy.\n"
    )
    assert not (tmp_path / "machine").exists()


def test_the_configuration_of_a_run_is_the_same_with_a_launcher(tunekit, toy):
    without = tunekit("method=ASHA", "benchmark=fcnet", "--cfg", "job")
    finished = tunekit("method=ASHA", "benchmark=fcnet", *TOY, "--cfg", "job")
    assert (finished.status, finished.out) == (0, without.out)
    assert tunekit("method=ASHA", "hydra/launcher=joblib", "--cfg", "job").status == 2


@pytest.mark.parametrize("name", ["toy", "tunekit-toy/toy", "Tunekit_Toy/toy"])
def test_a_launcher_goes_by_its_name_and_by_that_with_its_distribution(tunekit, toy, within, name):
    within("here")
    finished = tunekit(*STUDY, f"hydra/launcher={name}", "hydra.launcher.machine=../machine", "--plan")
    assert (finished.status, finished.err) == (0, "")
    assert "1 x folder" in finished.out


def test_where_two_distributions_offer_it_the_error_says_how_each_is_typed(tunekit, toy, site):
    site.add("tunekit-other-toy", PLUGIN)
    finished = tunekit(*STUDY, *TOY)
    assert finished.status == 2
    assert "hydra/launcher=tunekit-toy/toy" in finished.err
    assert "hydra/launcher=tunekit-other-toy/toy" in finished.err


@pytest.mark.parametrize("name", ["basic", "null"])
def test_the_launcher_that_is_none_runs_them_here(tunekit, toy, results, name):
    assert tunekit("method=RS", "benchmark=fcnet", LIMIT, f"hydra/launcher={name}").status == 0
    assert len(results.folders()) == 1


def test_no_plugin_is_asked_for_launchers_unless_one_is_chosen(tunekit, site, results):
    site.add("tunekit-toy", "@hookimpl\ndef tunekit_register_launchers():\n    raise RuntimeError('was asked')\n")
    finished = tunekit("method=RS", "benchmark=fcnet", LIMIT)
    assert finished.status == 0
    assert "was asked" not in finished.err
    assert "was asked" in tunekit(*STUDY, *TOY).err


def test_a_study_can_choose_its_launcher_in_its_file(tunekit, toy, within, tmp_path):
    folder = within("here") / "mine" / "experiment"
    folder.mkdir(parents=True)
    (folder / "away.yaml").write_text(
        "# @package _global_\n"
        "defaults:\n  - override /hydra/launcher: toy\n"
        "experiment:\n  name: away\n"
        "hydra:\n  launcher:\n    machine: ../machine\n  mode: MULTIRUN\n"
    )
    finished = tunekit("experiment=away", "--config-dir", "mine", "method=RS", "benchmark=fcnet", LIMIT, "--plan")
    assert (finished.status, finished.err) == (0, "")
    assert "1 x folder" in finished.out


def test_a_shard_is_not_launched(tunekit, toy):
    finished = tunekit(*STUDY, *TOY, "hydra.sweeper.shard=1/2")
    assert finished.status == 2
    assert "hydra.sweeper.shard=1/2 divides a sweep among those who type it, and a launcher divides it" in " ".join(
        finished.err.split()
    )


def test_a_run_that_is_being_run_here_is_not_launched(tunekit, toy, start, within, tmp_path):
    (within("here") / "project").mkdir()
    (tmp_path / "here" / "project" / "train.py").write_text("import time\ntime.sleep(60)\n")
    process = start(*SCRIPT, "results_dir=results")
    for line in process.stderr:
        if line.startswith("Running in"):
            break
    while not [*(tmp_path / "here" / "results").glob("*/*/*/events.jsonl")]:
        pass
    finished = tunekit(*SCRIPT, *TOY, "results_dir=results")
    assert finished.status == 2
    assert f"is being run by process {process.pid} on " in " ".join(finished.err.split())
    assert not (tmp_path / "machine").exists()


def test_a_launch_says_what_its_runs_need(toy, within, tmp_path):
    project = within("here") / "project"
    project.mkdir()
    (project / "train.py").write_text(TRAIN)
    arguments = (*SCRIPT, "observers.tensorboard=true", "experiment_tag=study", "results_dir=results")
    specs = plan_command(parse(arguments)).specs
    launch = launch_of(specs, launcher="toy", command="typed")
    assert (launch.experiment_tag, launch.command, launch.inputs) == ("study", "typed", ())
    assert launch.results_dir == tmp_path / "here" / "results"
    assert launch.distributions == ("tunekit-hpo", "tunekit-local", "tunekit-benchmarks", "tunekit-tensorboard")
    (script,) = launch.scripts
    assert (script.folder, script.command) == (project, (sys.executable, "train.py"))
    (run,) = launch.runs
    assert str(run.folder) == f"study/fifo+random/script-train-0-{run.hash}"
    assert (run.method, run.problem, run.dataset, run.seed) == ("fifo+random", "script-train", "train", 0)
    assert (run.n_workers, run.seconds, run.is_expensive, run.backend) == (1, 1800.0, True, "local")
    assert json.loads(json.dumps(run.spec)) == run.spec


@pytest.mark.parametrize(("method", "is_expensive"), [("RS", False), ("ASHA", False), ("MOBSTER", True), ("BO", True)])
def test_simulated_runs_are_expensive_where_their_searcher_is(toy, results, method, is_expensive):
    specs = plan_command(parse((f"method={method}", "benchmark=fcnet"))).specs
    (run,) = launch_of(specs, launcher="toy", command="typed").runs
    assert (run.is_expensive, run.seconds, run.backend) == (is_expensive, None, "simulator")


STAYS = """
from tunekit_benchmarks.height.benchmark import HeightBenchmark
from tunekit_core import Script


class Stays(HeightBenchmark):
    name = "stays"

    def script(self):
        return Script(("true",), is_portable=False)


@hookimpl
def tunekit_register_benchmarks():
    return [Stays]
"""


def test_a_program_that_stays_on_this_machine_is_not_sent_anywhere(tunekit, toy, site, within, tmp_path):
    site.add("tunekit-stays", STAYS)
    within("here")
    finished = tunekit("benchmark=stays", "backend=local", *TOY)
    assert (finished.status, finished.out) == (2, "")
    assert finished.err == (
        "benchmark=stays: its program cannot be run on another machine. Run it on this one, without "
        "hydra/launcher=toy.\n"
    )
    assert not (tmp_path / "machine").exists()


@pytest.mark.parametrize(
    ("sources", "sent"),
    [
        ("benchmark.sources=[train.py],[data.txt]", (Path("train.py"), Path("data.txt"))),
        ("benchmark.sources=[train.py],null", None),
        ("benchmark.sources=null", None),
    ],
)
def test_programs_in_one_folder_are_sent_as_one(toy, within, sources, sent):
    project = within("here") / "project"
    project.mkdir()
    (project / "train.py").write_text(TRAIN)
    (project / "data.txt").write_text("data")
    specs = plan_command(parse((*SCRIPT, "--multirun", sources))).specs
    (script,) = launch_of(specs, launcher="toy", command="typed").scripts
    assert (script.folder, script.sources) == (project, sent)


def test_files_that_placeholders_name_are_sent_with_the_sources(toy, within):
    project = within("here") / "project"
    project.mkdir()
    (project / "train.py").write_text(TRAIN)
    (project / "base.yaml").write_text("x: 1\nlr: 0.1")
    named = (f"benchmark.command={sys.executable} train.py {{yaml:base.yaml}}", "benchmark.sources=[train.py]")
    specs = plan_command(parse((*SCRIPT, *named))).specs
    (script,) = launch_of(specs, launcher="toy", command="typed").scripts
    assert script.sources == (Path("train.py"), Path("base.yaml"))


def test_a_benchmark_whose_script_is_part_of_it_sends_no_folder(toy, results):
    specs = plan_command(parse(("benchmark=height", "backend=local", "searcher=random"))).specs
    launch = launch_of(specs, launcher="toy", command="typed")
    assert launch.scripts == ()
    assert "tunekit-benchmarks" in launch.distributions


def test_a_master_seed_that_is_drawn_anew_is_refused_since_the_command_is_typed_again(tunekit, toy, within):
    within("here")
    finished = tunekit(*STUDY, *TOY, "random_seed=null")
    assert (finished.status, finished.out) == (2, "")
    assert finished.err.startswith("random_seed=null draws another number whenever the command is typed, ")
    assert tunekit(*STUDY, *TOY, finished.err.split()[-1].removesuffix("."), "--plan").status == 0


def test_runs_that_need_gpus_are_planned_and_launched_on_a_machine_without(toy, tunekit, within, tmp_path, monkeypatch):
    (within("here") / "project").mkdir()
    (tmp_path / "here" / "project" / "train.py").write_text(TRAIN)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    needs = (*SCRIPT, "backend=local", "backend.num_gpus_per_trial=2")
    assert tunekit(*needs, *TOY, "--plan").status == 0
    refused = tunekit(*needs, *TOY, "hydra.launcher.refuses=true")
    assert refused.err == "hydra.launcher.refuses=True: so it does.\n"
    finished = tunekit(*needs)
    assert finished.status == 2
    assert finished.err.startswith("backend.num_gpus_per_trial=2 is more than a trial can get, which is 0.")


def test_a_number_of_runs_at_the_same_time_is_refused_since_there_are_none_here(tunekit, toy, within):
    within("here")
    finished = tunekit(*STUDY, *TOY, "hydra.sweeper.n_jobs=2")
    assert (finished.status, finished.out) == (2, "")
    assert finished.err.startswith("hydra.sweeper.n_jobs=2 says how many runs there are at the same time on this ma")
