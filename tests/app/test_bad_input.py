"""Each mistake gets one clear message and exit status 2, and leaves nothing behind."""

import os
from pathlib import Path

import pytest

from tunekit import load_experiments, tune
from tunekit_core import ConfigurationError, find_experiments, load_experiment
from tunekit_local.backend import LocalBackend

MISTAKES = {
    "wrong method": (["method=MOBSTR"], ["no method 'MOBSTR'", "Did you mean 'MOBSTER'", "ASHA"]),
    "misspelt group with plus": (["+methd=RS"], ["no option 'methd'", "Did you mean 'method'"]),
    "misspelt group": (["methd=RS"], ["no option 'methd'", "Did you mean 'method'"]),
    "what criteria are called": (["criteria.max_cost=3"], ["no option 'criteria'", "Did you mean 'stopping'"]),
    "name of a criterion": (["stopping.max=3"], ["stopping.max: No stopping criterion named 'max'."]),
    "unknown top-level key": (["+sede=3"], ["no option 'sede'", "Did you mean 'seed'"]),
    "unknown top-level mapping": (["+foo.bar=3"], ["no option 'foo'", "tags."]),
    "method in small letters": (["method=asha"], ["Did you mean 'ASHA'"]),
    "experiment": (["experiment=demo_stud"], ["no experiment 'demo_stud'", "Did you mean 'demo_study'"]),
    "number beyond all numbers": (["stopping.max_wallclock_time=" + "9" * 400], ["does not fit", "number, above 0"]),
    "no workers, and time scaled": (["n_workers=0", "scale_max_wallclock_time=true"], ["n_workers=0", "at least 1"]),
    "several methods": (["method=RS,ASHA"], ["'method=RS,ASHA'", "--multirun"]),
    "wrong benchmark": (["benchmark=fcnt"], ["no benchmark 'fcnt'", "Did you mean 'fcnet'"]),
    "wrong dataset": (["benchmark.dataset=robot_leg"], ["robot_leg", "robot_arm", "diabetes"]),
    "wrong scheduler": (["scheduler=asha"], ["no scheduler 'asha'", "asha_promotion"]),
    "plugin that is not installed": (["scheduler=median"], ["no scheduler 'median'", "Installed:"]),
    "unknown name": (["searcher.name=randm"], ["No searcher named 'randm'", "Did you mean 'random'"]),
    "option of a component": (
        ["scheduler=asha_promotion", "scheduler.reduction_facto=4"],
        ["scheduler.reduction_facto=4", "Did you mean 'reduction_factor'", "asha_promotion"],
    ),
    "searcher that cannot choose": (
        ["searcher=bo", "scheduler=freeze_thaw"],
        ["scheduler=freeze_thaw", "searcher=bo cannot", "searcher=dyhpo"],
    ),
    "option of another scheduler": (
        ["method=AUTO", "scheduler.brackets=3"],
        ["scheduler 'freeze_thaw' (tunekit-asha ", "has no option 'brackets'", "probability_sh"],
    ),
    "option of a component without options": (["searcher.foo=1"], ["searcher.foo=1", "Its options: none"]),
    "type of an option": (
        ["searcher=grid", "searcher.num_samples=many"],
        ["searcher.num_samples='many'", "whole number"],
    ),
    "range of an option": (["searcher=grid", "searcher.num_samples=1"], ["searcher.num_samples=1", "at least 2"]),
    "type of a top-level key": (["n_workers=many"], ["n_workers='many'", "whole number"]),
    "range of a top-level key": (["n_workers=0"], ["n_workers=0", "at least 1"]),
    "value of verbosity": (["verbosity=3"], ["verbosity=3", "0 | 1 | 2"]),
    "range of a seed": (["seed=-1"], ["seed=-1", "from 0 to"]),
    "criterion": (["stopping.max_time=3"], ["stopping.max_time", "Did you mean 'max_wallclock_time'"]),
    "trials as others count them": (["stopping.n_trials=3"], ["n_trials'", "Did you mean 'max_num_trials_started'"]),
    "most trials": (["stopping.max_trials=3"], ["max_trials'", "Did you mean 'max_num_trials_started'"]),
    "trials": (["stopping.trials=3"], ["'trials'", "Did you mean 'max_num_trials_started'"]),
    "time as others call it": (["stopping.timeout=3"], ["'timeout'", "Did you mean 'max_wallclock_time'"]),
    "hours": (["stopping.max_wallclock_time=1h"], ["'1h'", "type stopping.max_wallclock_time=3600."]),
    "minutes": (["stopping.max_wallclock_time=10m"], ["'10m'", "type stopping.max_wallclock_time=600."]),
    "hours in words": (["stopping.max_wallclock_time=2 hours"], ["'2 hours'", "max_wallclock_time=7200."]),
    "method that is not here": (["method=hyperband"], ["no method 'hyperband'", "Closest to it is 'ASHA'"]),
    "method of another tool": (["method=tpe"], ["no method 'tpe'", "Closest to it is 'BO'"]),
    "method by what it is": (["method=Bayesian"], ["no method 'Bayesian'", "Closest to it is 'BO'"]),
    "method as others call it": (["method=random"], ["no method 'random'", "Did you mean 'RS'"]),
    "searcher of another tool": (["searcher=tpe"], ["no searcher 'tpe'", "Closest to it is 'bo'"]),
    "workers": (["n_workers=auto"], ["n_workers='auto'", "null takes the benchmark's number; this machine has"]),
    "seeds": (["seed=0-9"], ["seed='0-9'", "--multirun 'seed=range(0,10)'"]),
    "seeds with dots": (["seed=1..3"], ["seed='1..3'", "--multirun 'seed=range(1,4)'"]),
    "flag in words": (["wait_for_running=yes"], ["'yes'", "Type wait_for_running=true."]),
    "choice of a value": (["benchmark=script", "benchmark.mode=maximize"], ["'maximize'", "Did you mean 'max'"]),
    "recipe, of an option": (["method=AUTO", "scheduler.eta=3"], ["no option 'eta'", "The run has method=AUTO, with"]),
    "recipe, of what does not go together": (
        ["method=AUTO", "searcher=random"],
        ["scheduler=freeze_thaw", "The run has method=AUTO, with searcher=random and scheduler=freeze_thaw."],
    ),
    "nothing before the sign": (["=3"], ["'=3'", "key=value"]),
    "Hydra itself": (["hydra=3"], ["'hydra=3'", "hydra.sweeper.n_jobs=4"]),
    "a list of methods": (["method=[RS,ASHA]"], ["method=[RS,ASHA] is a list", "--multirun method=RS,ASHA"]),
    "a list of benchmarks": (["benchmark=[fcnet,synthetic]"], ["--multirun benchmark=fcnet,synthetic"]),
    "no value": (["benchmark.dataset"], ["'benchmark.dataset' lacks its value", "type benchmark.dataset=VALUE"]),
    "type of a criterion": (["stopping.max_wallclock_time=long"], ["stopping.max_wallclock_time='long'", "number"]),
    "range of a criterion": (["stopping.max_wallclock_time=-1"], ["stopping.max_wallclock_time=-1", "must be above 0"]),
    "criterion without its value": (["stopping.max_cost=true"], ["stopping.max_cost"]),
    "metric name": (["stopping.max_cost=3"], ["st_worker_cost", "metric_valid_loss"]),
    "constraint": (["constraint=metric_n_parms"], ["constraint=metric_n_parms", "Did you mean 'metric_n_params'"]),
    "type of a constraint": (["constraint=3"], ["constraint=3", "text"]),
    "composer": (["composers.rung_size=true"], ["composers.rung_size", "Did you mean 'rung_sizes'"]),
    "value for a composer without options": (["composers.rung_sizes=3"], ["composers.rung_sizes=3", "=true"]),
    "observer": (["observers.tensorbord=true"], ["observers.tensorbord", "Did you mean 'tensorboard'"]),
    "fixed hyperparameter": (["fixed.hp_batch=8"], ["fixed.hp_batch=8: ", "Did you mean 'hp_batch_size'"]),
    "fixed value": (["fixed.hp_batch_size=9"], ["fixed.hp_batch_size=9: ", "8, 16, 32, 64"]),
    "point to evaluate": (
        ["points_to_evaluate=[{hp_batch_size:9}]"],
        ["points_to_evaluate=[{'hp_batch_size': 9}]: ", "8, 16, 32, 64"],
    ),
    "points that are no list": (["points_to_evaluate=3"], ["points_to_evaluate=3", "list of mapping"]),
    "tags that are no mapping": (["+tags=3"], ["tags=3", "mapping"]),
    "folder name": (["experiment_tag=a/b"], ["experiment_tag='a/b'", "letters"]),
    "sweep without multirun": (["seed=range(3)"], ["'seed=range(3)'", "--multirun"]),
    "list without multirun": (["seed=1,2"], ["'seed=1,2'", "--multirun"]),
    "grammar": (["--multirun", "seed=range(3"], ["'seed=range(3'", "quotes"]),
    "interpolation": (["experiment_tag=${sead}"], ["there is no 'sead'"]),
    "group without a name": (["searcher=null"], ["searcher", "name"]),
    "two recipes": (["method=RS", "method=ASHA"], ["method", "twice"]),
    "continuous sweep": (["--multirun", "seed=interval(0,1)"], ["interval", "no list of values"]),
    "glob that matches nothing": (["--multirun", "method=glob(X*)"], ["matches nothing"]),
    "sweeper option": (["--multirun", "hydra.sweeper.njobs=1"], ["hydra.sweeper.njobs", "Did you mean 'n_jobs'"]),
    "number of jobs": (["--multirun", "hydra.sweeper.n_jobs=0"], ["n_jobs=0", "at least 1"]),
    "zip of a key that is not swept": (
        ["--multirun", "seed=1,2", "hydra.sweeper.zip=[[seed,n_worker]]"],
        ["'n_worker' is not swept", "Swept are: seed"],
    ),
    "zip of unequal lengths": (
        ["--multirun", "seed=1,2", "n_workers=1,2,3", "hydra.sweeper.zip=[[seed,n_workers]]"],
        ["seed has 2", "n_workers has 3"],
    ),
    "skipping everything": (
        ["--multirun", "seed=1,2", "hydra.sweeper.skip_initial_experiments=2"],
        ["skip_initial_experiments=2", "the sweep has 2"],
    ),
    "skipping less than nothing": (
        ["--multirun", "seed=1,2", "hydra.sweeper.skip_initial_experiments=-1"],
        ["hydra.sweeper.skip_initial_experiments=-1", "must be a whole number of runs, 0 or more"],
    ),
    "type of a zip": (["--multirun", "seed=1,2", "hydra.sweeper.zip=3"], ["zip=3", "zip=[[seed,n_workers]]"]),
    "key that is zipped twice": (
        ["--multirun", "seed=1,2", "n_workers=1,2", "hydra.sweeper.zip=[[seed,n_workers],[n_workers,seed]]"],
        ["hydra.sweeper.zip: 'n_workers' is there twice. Name each key once"],
    ),
    "lengths of a zip in a further block": (
        [
            *("--multirun", "method=RS,ASHA", "n_workers=3,4", "hydra.sweeper.zip=[[method,n_workers]]"),
            "hydra.sweeper.also=[{method: BO, n_workers: [1,2]}]",
        ],
        [
            "sweeper.also: in a block, values that vary together (hydra.sweeper.zip) must be",
            "method has 1, n_workers has 2",
        ],
    ),
    "pattern that fits nothing swept": (
        ["--multirun", "method=RS,BO", "hydra.sweeper.exclude=[{method: 'glob(A*)'}]"],
        ["exclude: no run has method=glob(A*).", "There are: RS, BO."],
    ),
    "range with a slip": (
        ["--multirun", "seed=range(30000000)", "--plan"],
        ["seed=range(30000000): these are more than 100000"],
    ),
    "range with a slip in steps": (
        ["--multirun", "seed=range(0,1,1e-9)", "--plan"],
        ["these are more than 100000 values"],
    ),
    "range with a slip in a further block": (
        ["--multirun", "method=RS", "hydra.sweeper.also=[{seed: range(1000000)}]"],
        ["hydra.sweeper.also: seed=range(1000000): these are more than 100000 values"],
    ),
    "ranges with a slip": (
        ["--multirun", "method=RS,BO", "seed=range(1000)", "n_workers=range(1,1000)"],
        [
            "The sweep has 1998000 combinations, and the most are 100000.",
            "method 2, seed 1000, n_workers 999. Type fewer",
        ],
    ),
    "ranges that are too long together": (
        ["--multirun", "method=RS", "hydra.sweeper.also=[{seed: range(60000)}, {n_workers: 2, seed: range(60000)}]"],
        ["The sweep has 120001 combinations, and the most are 100000."],
    ),
    "range without steps": (
        ["--multirun", "method=RS", "seed=range(0,10,0)", "--plan"],
        ["seed=range(0,10,0): the start, stop and step of", "the step not 0. Type for example 'seed=range(0,10,2)'."],
    ),
    "range without steps in a further block": (
        ["--multirun", "method=RS", "hydra.sweeper.also=[{seed: 'range(0,5,0.0)'}]"],
        ["hydra.sweeper.also: seed=range(0,5,0.0): the start, stop", "for example 'seed=range(0,10,2)'."],
    ),
    "range without an end": (
        ["--multirun", "method=RS", "seed=range(0,inf)", "--plan"],
        ["seed=range(0,inf): the start, stop and step of a range must be finite numbers"],
    ),
    "range beyond all numbers": (
        ["--multirun", "method=RS", f"seed=range({10**400})", "--plan"],
        ["these are more than 100000 values"],
    ),
    "range to no number": (
        ["--multirun", "method=RS", "seed=range(0,5,nan)", "--plan"],
        ["seed=range(0,5,nan): the start, stop and step of a range must be finite numbers"],
    ),
    "range with a slip before seeds are added": (
        ["--multirun", "method=RS,BO", "n_workers=range(1,5001)", "hydra.sweeper.until={compare: [RS, BO], cap: 20}"],
        ["The sweep has 200000 combinations", "n_workers 5000, hydra.sweeper.until.cap 20."],
    ),
    "first of shuffled": (
        ["--multirun", "seed=shuffle(range(6))", "hydra.sweeper.skip_initial_experiments=3"],
        ["skip_initial_experiments: shuffle() gives seed another order whenever the command is typed"],
    ),
    "seeds of shuffled": (
        ["--multirun", "method=RS,BO", "seed=shuffle(1,2,3)", "hydra.sweeper.repeats={method: {BO: 1}}"],
        ["repeats: shuffle() gives seed another order", "Type its values without shuffle()."],
    ),
    "pairs of shuffled": (
        ["--multirun", "seed=shuffle(1,2)", "n_workers=1,2", "hydra.sweeper.zip=[[seed,n_workers]]"],
        ["zip: shuffle() gives seed another order"],
    ),
    "type of further blocks": (["--multirun", "seed=1,2", "hydra.sweeper.also=[3]"], ["also=[3]", "also=[{method: BO"]),
    "key of a further block": (
        ["--multirun", "seed=1,2", "hydra.sweeper.also=[{n_worker: 3}]"],
        ["hydra.sweeper.also: There is no option 'n_worker'", "Did you mean 'n_workers'"],
    ),
    "option of Hydra in a further block": (
        ["--multirun", "seed=1,2", "hydra.sweeper.also=[{hydra.sweeper.n_jobs: 3}]"],
        ["hydra.sweeper.also: 'hydra.sweeper.n_jobs' is one for the whole sweep"],
    ),
    "value of a further block": (
        ["--multirun", "method=RS", "hydra.sweeper.also=[{method: [RS,AHSA]}]"],
        ["There is no method 'AHSA'. Did you mean 'ASHA'"],
    ),
    "further block without values": (
        ["--multirun", "seed=1,2", "hydra.sweeper.also=[{method: []}]"],
        ["gives no value for method"],
    ),
    "further blocks of a single run": (
        ["hydra.sweeper.also=[{seed: 3}]"],
        ["hydra.sweeper.also says which runs a sweep has", "Add --multirun"],
    ),
    "exclusion of a key that no run has": (
        ["--multirun", "seed=1,2", "hydra.sweeper.exclude=[{seeed: 1}]"],
        ["hydra.sweeper.exclude: 'seeed' is given to no run", "Did you mean 'seed'", "Given are: seed"],
    ),
    "exclusion of a value that no run has": (
        ["--multirun", "method=RS,ASHA", "hydra.sweeper.exclude=[{method: AHSA}]"],
        ["no run has method=AHSA. Did you mean 'ASHA'? There are: RS, ASHA"],
    ),
    "exclusion of nothing": (
        [
            *("--multirun", "method=RS", "n_workers=1", "hydra.sweeper.also=[{method: ASHA, n_workers: 2}]"),
            "hydra.sweeper.exclude=[{method: RS, n_workers: 2}]",
        ],
        ["no combination has method=RS and n_workers=2, so that nothing is left out"],
    ),
    "exclusion of everything": (
        ["--multirun", "seed=1,2", "hydra.sweeper.exclude=[{seed: [1,2]}]"],
        ["hydra.sweeper.exclude leaves nothing to run"],
    ),
    "type of repeats": (
        ["--multirun", "seed=1,2", "hydra.sweeper.repeats={method: 3}"],
        ["repeats={method:3}", "repeats={method: {BO: 5}}"],
    ),
    "repeats in parts": (
        ["--multirun", "method=RS", "seed=1,2", "hydra.sweeper.repeats.method.RS=1"],
        ["hydra.sweeper.repeats is given as a whole", "hydra.sweeper.repeats={method: {BO: 5}}"],
    ),
    "no repeats": (["--multirun", "seed=1,2", "hydra.sweeper.repeats={method: {RS: 0}}"], ["from 1 on", "exclude"]),
    "more repeats than seeds": (
        ["--multirun", "method=RS,ASHA", "seed=1,2", "hydra.sweeper.repeats={method: {RS: 3}}"],
        ["method=RS cannot have 3 seeds, since 2 are given", "seed=range(3)"],
    ),
    "repeats without seeds": (
        ["--multirun", "method=RS,ASHA", "hydra.sweeper.repeats={method: {RS: 3}}"],
        ["no seeds are given", "seed=range(20)"],
    ),
    "repeats of seeds": (
        ["--multirun", "seed=1,2", "hydra.sweeper.repeats={seed: {1: 3}}"],
        ["of another key's values, such as method, not of seed"],
    ),
    "status of what is run": (
        ["--multirun", "seed=1,2", "hydra.sweeper.only=[fail]"],
        ["names no status 'fail'. Did you mean 'failed'", "failed, interrupted, missing"],
    ),
    "type of a number of jobs": (
        ["--multirun", "hydra.sweeper.n_jobs=a"],
        ["n_jobs=a", "must be a whole number", "null takes"],
    ),
    "other sweeper": (["--multirun", "hydra/sweeper=optuna"], ["'hydra/sweeper=optuna'", "Leave this out"]),
    "call beside other values": (["--multirun", "seed=range(3),7"], ["range(3) cannot stand in a list with other"]),
    "flag": (["--multirn"], ["'--multirn'", "Did you mean '--multirun'"]),
    "verb": (["plugin"], ["'plugin'", "plugins"]),
    "kind of component": (["plugins", "all"], ["plugins all", "Kinds: searcher, scheduler"]),
    "component for its kind": (["plugins", "grid"], ["plugins searcher grid"]),
    "name of a component": (["plugins", "searcher", "gird"], ["Did you mean 'grid'"]),
    "too many arguments": (["plugins", "searcher", "grid", "all"], ["a kind and a name at most"]),
    "config folder": (["--config-dir", "nowhere"], ["nowhere"]),
    "one bad run of a sweep": (["--multirun", "n_workers=4,0"], ["n_workers=0"]),
}


# By option below hydra.sweeper values of which none is one, and with what the refusal of some goes on.
MALFORMED = {
    "zip": {
        "[seed,seed]": ": 'seed' is there twice",
        "[[seed,null]]": "=[['seed',null]] must hold lists of two or more keys",
        '""': "= must hold lists",
    },
    "also": {
        "[{seed: null}]": ": seed=None does not fit",
        "[{seed: -1}]": ": seed=-1 must be from 0 to",
        "[{seed: range(0)}]": ": 'seed=range(0)' matches nothing",
        "[{seed: 'range(3'}]": ": 'seed=range(3' cannot be read",
        "[{method: null}]": ": method=null names no method. Type method: NAME",
        "[{benchmark: null}]": ": benchmark=null gives it no value. Leave benchmark out",
        "[{method: glob(X*)}]": ": 'method=glob(X*)' matches nothing",
        "[{~method: BO}]": ": There is no option '~method'",
        "[{hydra/launcher: a}]": ": 'hydra/launcher' is one for the whole sweep",
    },
    "exclude": {
        "[{seed: null}]": ": no run has seed=null. There are: 0, 1",
        "[{method: [RS,null]}]": ": no run has method=null",
        "[{~method: RS}]": ": '~method' would take a key out",
        "[{hydra: 3}]": ": 'hydra' is one for the whole sweep",
    },
    "repeats": {
        "{method: {null: 1}}": "={method: {null: 1}} does not fit. It is written as",
        "{method: {glob(X*): 1}}": ": 'method=glob(X*)' matches nothing",
        "{method: {RS: true}}": "={method:{RS:true}} must say",
        "[]": "=[] must say",
    },
    "until": {"3": "=3 must be a mapping", "{compare: [RS,ASHA], looks: range(9)}": ".looks=range(9) must be numbers"},
    "only": {"[failed,null]": "=['failed',null] names no status 'null'", "{}": "={} names no status of runs"},
    "shard": {"[1,2]": "=[1,2] is no part of a sweep", "{a: 1}": "={a:1} is no part"},
    "plan": {"3": "=3 must be true or false", "null": "=null must be true"},
    "n_jobs": {"{a: 1}": "={a:1} must be a whole number", "true": "=true must be", "1e3": "=1000.0 must be"},
    "skip_initial_experiments": {"null": "=null must be a whole number", "{a: 1}": "={a:1} must be a whole number"},
    "params": {"{seed: 3}": "={seed:3} is what the file of a study has. Type its keys by themselves"},
}


@pytest.mark.parametrize("option", MALFORMED)
def test_a_malformed_option_of_the_sweeper_is_refused_by_its_name(option, tunekit, results):
    for value, told in MALFORMED[option].items():
        seeds = () if option == "until" else ("seed=0,1",)
        finished = tunekit("--multirun", "method=RS,ASHA", *seeds, f"hydra.sweeper.{option}={value}")
        assert (finished.status, finished.out, finished.err.count("\n")) == (2, "", 1), finished.err
        assert f"hydra.sweeper.{option}{told}" in finished.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("params: 3", "hydra.sweeper.params=3 must be a mapping from keys to values"),
        ("params: {hydra.sweeper.plan: true}", "gives hydra.sweeper.plan, which is one for the whole sweep"),
        (
            "params: {method: null}",
            "Each of method, experiment, searcher, scheduler, backend, benchmark takes one name",
        ),
        ("plan: perhaps", "hydra.sweeper.plan=perhaps must be true or false"),
        ("n_jobs: abc", "hydra.sweeper.n_jobs=abc must be a whole number"),
        ("repeats: {method: {null: 1}}", "s.yaml cannot be read: Incompatible key type"),
    ],
)
def test_a_malformed_option_in_a_file_is_refused_by_its_name(line, told, tunekit, results, tmp_path):
    write_study(tmp_path, line)
    finished = tunekit("experiment=s", "--config-dir", str(tmp_path / "mine"))
    assert (finished.status, finished.out, finished.err.count("\n")) == (2, "", 1), finished.err
    assert told in finished.err


def test_a_file_without_parameters_is_one_run_and_options_may_be_in_the_environment(
    tunekit, results, tmp_path, monkeypatch
):
    monkeypatch.setenv("MINE", "1")
    write_study(tmp_path, "{params: null, n_jobs: '${oc.env:MINE}', shard: '${oc.env:MINE}/2'}")
    planned = tunekit("experiment=s", "--config-dir", str(tmp_path / "mine"), "seed=0,1,2", "--plan")
    assert "Shard 1/2 has 2 of 3 runs" in planned.err


def write_study(folder, sweeper):
    (folder / "mine" / "experiment").mkdir(parents=True)
    text = "# @package _global_\nexperiment: {name: s}\nhydra:\n  mode: MULTIRUN\n  sweeper:\n"
    (folder / "mine" / "experiment" / "s.yaml").write_text(f"{text}    {sweeper}\n")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_clear_message(mistake, tunekit, results):
    arguments, expected = MISTAKES[mistake]
    finished = tunekit(*arguments)
    assert finished.status == 2
    for text in expected:
        assert text in finished.err
    assert finished.out == ""
    assert len(finished.err.splitlines()) == 1
    assert not results.root.exists()


SHORT = "stopping.max_num_trials_started=2"


@pytest.mark.parametrize("more", [[], ["--multirun", "seed=0,1"]], ids=["run", "sweep"])
@pytest.mark.parametrize(
    ("option", "value", "shown"),
    [
        ("experiment_tag", "a" * 300, f"experiment_tag='{'a' * 40}'… of 300 characters"),
        ("results_dir", "new/" + "a" * 300, f"results_dir='new/{'a' * 36}'… of 304 characters"),
        ("results_dir", "/".join(["a" * 200] * 25), f"results_dir='{'a' * 40}'… of 5024 characters"),
    ],
    ids=["tag", "folder", "path"],
)
def test_names_that_the_file_system_does_not_take_are_refused_in_one_line(option, value, shown, more, tunekit, results):
    finished = tunekit("method=RS", SHORT, f"{option}={value}", *more)
    assert finished.status == 2
    assert finished.err.startswith(f"{shown} gives results a folder of a name that the file system does not take")
    assert finished.err.count("\n") == 1
    assert finished.out == ""
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "method=" + "a" * 300,
        "experiment_tag=a\nb",
        'experiment_tag="a\nb"',
        'experiment_tag="a\0b"',
        "experiment_tag=a/b",
        "experiment_tag=/a",
        "experiment_tag=..",
        "experiment_tag=...",
        "experiment_tag=-a",
        "experiment_tag='a  '",
        "experiment_tag='  '",
        "experiment_tag='\u00e9'",
        "experiment_tag='e\u0301'",
        "method=a\nb",
        "method=../a",
        "tags.x=a\nb",
    ],
    ids=ascii,
)
def test_a_name_of_other_signs_than_names_have_is_refused_in_one_line(name, tunekit, results):
    finished = tunekit("method=RS", SHORT, name)
    assert finished.status == 2
    assert finished.err.count("\n") == 1
    assert finished.out == ""
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize("text", ["a" * 300, "../..", '"a\nb"', "'-a  '", "'e\u0301'"], ids=ascii)
def test_a_tag_to_find_again_may_be_any_text_and_names_no_file(text, tunekit, results):
    finished = tunekit("method=RS", SHORT, f"tags.x={text}")
    assert finished.status == 0, finished.err
    assert [found["tags"]["x"] for found in results.metadata()] == [text.strip("'\"")]


LONG = "L" * 300


@pytest.mark.parametrize(
    "words",
    [
        *([verb, LONG] for verb in ("report", "ls", "watch", "show", "export", "resume", "plot", "init", "rm")),
        *(["explain", LONG, "1"], ["steer", LONG, "stop"], ["plot", f"folder={LONG}"]),
        *([verb, "abcd", f"results_dir={LONG}"] for verb in ("show", "rm")),
    ],
    ids=lambda words: " ".join(words).replace(LONG, "LONG"),
)
def test_a_path_that_the_system_does_not_take_is_refused_by_every_verb(words, tunekit, results):
    refused = tunekit(*words)
    assert refused.status == 2
    assert refused.err.endswith("LL' is no path where anything can be looked for: File name too long. Give another.\n")
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize("look", [load_experiments, load_experiment, find_experiments])
@pytest.mark.parametrize("path", [LONG, f"{LONG}/x", "a\0b"])
def test_a_path_that_the_system_does_not_take_is_refused_in_python(look, path, results):
    with pytest.raises(ConfigurationError, match="is no path where anything can be looked for: "):
        look(path)


def test_a_place_for_results_that_holds_a_null_character_is_refused_in_one_line(shell, tmp_path):
    config = tmp_path / "mine" / "experiment"
    config.mkdir(parents=True)
    (config / "nul.yaml").write_text('# @package _global_\nresults_dir: "a\\0b"\nexperiment: {name: nul}\n')
    finished = shell("method=RS", SHORT, "experiment=nul", f"--config-dir={config.parent}")
    assert finished.status == 2
    assert "results_dir='a\\x00b' gives results a folder of a name that the file system does not take" in finished.err
    assert finished.err.count("\n") == 1


UNWRITABLE = {
    "file": "file is not a folder",
    "file/below": "file is not a folder",
    "link": "link is a link to nothing",
    "link/below": "link is a link to nothing",
    "/proc/x": "nothing can be written in /proc: No such file or directory",
    "taken": "taken/default/RS is not a folder",
}


@pytest.fixture
def unwritable(tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "taken/default").mkdir(parents=True)
    (tmp_path / "taken/default/RS").touch()


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("folder", UNWRITABLE)
def test_results_that_cannot_be_written_are_refused(folder, variable, unwritable, tunekit, monkeypatch):
    monkeypatch.setenv("TUNEKIT_RESULTS", folder if variable else "other")
    finished = tunekit("method=RS", *([] if variable else [f"results_dir={folder}"]))
    assert finished.status == 2
    assert finished.err.startswith(f"results_dir={folder}: results cannot be written to {folder}/default/RS: ")
    assert f"{UNWRITABLE[folder]}. Choose another place with results_dir=FOLDER or the environment" in finished.err
    assert finished.err.count("\n") == 1


@pytest.mark.parametrize("folder", ["file", "link", "/proc/x"])
def test_a_place_for_folders_of_trials_that_cannot_be_written_is_refused(folder, unwritable, tunekit, monkeypatch):
    monkeypatch.setenv("TUNEKIT_TRIALS", folder)
    finished = tunekit("method=RS", "backend=local", "benchmark=height")
    assert finished.status == 2
    assert f"TUNEKIT_TRIALS={folder}: trials cannot write there: " in finished.err
    assert f"{UNWRITABLE[folder]}. Set the environment variable to another folder, or unset it" in finished.err


def test_a_place_for_folders_of_trials_does_not_matter_to_a_simulation(unwritable, tunekit, monkeypatch):
    monkeypatch.setenv("TUNEKIT_TRIALS", "file")
    assert tunekit("method=RS", SHORT).status == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="for root no folder is closed, so there is nothing to refuse")
def test_results_without_permission_are_refused(tunekit, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    finished = tunekit("results_dir=closed")
    assert finished.status == 2
    assert "you may not write" in finished.err


def test_debug_shows_the_traceback(tunekit):
    finished = tunekit("method=MOBSTR", "--debug")
    assert finished.status == 2
    assert "Traceback" in finished.err
    assert "Did you mean 'MOBSTER'" in finished.err


def broken_plugin(folder: Path, code: str = "import a_module_that_is_not_there\n") -> str:
    info = folder / "tunekit_broken-2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tunekit-broken\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[tunekit]\nbroken = tunekit_broken\n")
    (folder / "tunekit_broken.py").write_text(code)
    return str(folder)


def test_a_broken_plugin_is_reported_in_one_line_and_takes_nothing_down(shell, tmp_path):
    finished = shell("stopping.max_wallclock_time=50", PYTHONPATH=broken_plugin(tmp_path / "site"))
    assert finished.status == 0
    warnings = [line for line in finished.err.splitlines() if "tunekit-broken" in line]
    assert len(warnings) == 1
    assert "a_module_that_is_not_there" in warnings[0]
    assert "Best metric_valid_loss" in finished.out


EXITS_WHEN_ASKED = """import sys
from tunekit_core import hookimpl

@hookimpl
def tunekit_register_searchers():
    sys.exit(3)
"""


@pytest.mark.parametrize("command", [["plugins"], ["--help"], ["stopping.max_wallclock_time=50"], ["--cfg", "job"]])
@pytest.mark.parametrize("code", ["import sys\nsys.exit(3)\n", EXITS_WHEN_ASKED], ids=["import", "hook"])
def test_a_plugin_that_exits_is_reported_in_one_line_and_takes_nothing_down(code, command, shell, tmp_path):
    finished = shell(*command, PYTHONPATH=broken_plugin(tmp_path / "site", code))
    assert finished.status == 0
    reports = [line for line in (finished.out + finished.err).splitlines() if "SystemExit: 3" in line]
    is_asked = code != EXITS_WHEN_ASKED or command != ["--help"]  # which looks no component up
    assert len(reports) == is_asked
    assert all("tunekit-broken 2.0" in report for report in reports)
    assert finished.out != ""


LOUD = """import ctypes
import os
import subprocess
from tunekit_core import hookimpl


def be_loud():
    print("LOUD by print")
    os.write(1, b"LOUD by its number\\n")
    subprocess.run(["echo", "LOUD by a process"], check=True)
    ctypes.CDLL(None).printf(b"LOUD by C\\n")


be_loud()


@hookimpl
def tunekit_register_searchers():
    be_loud()
    from tunekit_core.builtin.random_search import RandomSearch

    class Loud(RandomSearch):
        name = "loud"

        def __init__(self, *arguments):
            be_loud()
            super().__init__(*arguments)

    return [Loud]
"""


@pytest.mark.parametrize(
    "command",
    [["plugins"], ["--help"], ["--cfg", "job", "searcher=loud"], ["searcher=loud", "n_workers=2"], ["--version"]],
)
def test_what_a_plugin_prints_is_on_standard_error(command, shell, tmp_path):
    finished = shell(*command, PYTHONPATH=broken_plugin(tmp_path / "site", LOUD))
    assert finished.status == 0
    assert "LOUD" not in finished.out
    assert finished.out != ""
    assert command == ["--version"] or {line for line in finished.err.splitlines() if "LOUD" in line} == {
        f"LOUD by {way}" for way in ("print", "its number", "a process", "C")
    }


def test_what_a_plugin_prints_in_the_processes_of_a_sweep_is_on_standard_error(shell, tmp_path):
    command = ["--multirun", "searcher=loud", "seed=1,2", "stopping.max_num_evaluations=50", "hydra.sweeper.n_jobs=2"]
    finished = shell(*command, PYTHONPATH=broken_plugin(tmp_path / "site", LOUD))
    assert finished.status == 0
    assert "LOUD" not in finished.out
    assert "fifo+loud" in finished.out


def test_a_plugin_that_breaks_while_it_is_built_is_named(shell, results):
    finished = shell("searcher=trouble", "searcher.breaks_when_built=true")
    assert finished.status == 2
    assert "tunekit-trouble 1.0" in finished.err
    assert "built by zero" in finished.err
    assert "Traceback" not in finished.err
    assert not results.root.exists()


def test_the_other_distribution_of_our_name_is_pointed_out(shell, tmp_path):
    info = tmp_path / "site" / "tunekit-3.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tunekit\nVersion: 3.0\n")
    finished = shell("stopping.max_wallclock_time=50", PYTHONPATH=str(info.parent))
    assert "pip uninstall tunekit" in finished.err
    assert finished.status == 0


def test_a_clone_in_front_of_an_installed_wheel_is_pointed_out(shell, tmp_path):
    import shutil

    import tunekit
    import tunekit_core

    clone = tmp_path / "clone"
    for package in (tunekit, tunekit_core):
        shutil.copytree(Path(package.__file__).parent, clone / package.__name__)
    blocker = tmp_path / "site"  # stands for an install whose conf lies in the package that the clone hides
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hides:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'tunekit.conf':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hides())\n"
    )
    finished = shell("seed=1", PYTHONPATH=f"{clone}:{blocker}")
    assert finished.status == 2
    assert "change to another folder" in finished.err
    assert str(clone) in finished.err


def test_a_file_here_whose_folder_was_not_named_is_told_with_what_to_type(tunekit, tmp_path):
    (tmp_path / "conf/benchmark").mkdir(parents=True)
    (tmp_path / "conf/benchmark/slow.yaml").write_text("name: script\n")
    told = tunekit("benchmark=slow").err
    assert told.startswith(
        "There is no benchmark 'slow'. There is conf/benchmark/slow.yaml here: add --config-dir conf. Installed: "
    )


def test_files_of_the_user_are_among_those_that_may_be_meant(tunekit, tmp_path):
    (tmp_path / "mine/benchmark").mkdir(parents=True)
    (tmp_path / "mine/benchmark/slow.yaml").write_text("name: script\n")
    finished = tunekit("benchmark=slo", "--config-dir", "mine")
    assert finished.status == 2
    assert "There is no benchmark 'slo'. Did you mean 'slow'? Installed: " in finished.err
    assert ", script, slow, synthetic." in finished.err


def test_a_file_of_the_user_that_cannot_be_read_is_refused_in_one_line(tunekit, tmp_path):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "bad.yaml").write_text("a: [unclosed\n")
    finished = tunekit("experiment=bad", "--config-dir", "mine")
    assert finished.status == 2
    assert len(finished.err.splitlines()) == 1


class TestWhatABackendLacks:
    """What it needs beyond this process is looked for before anything is written."""

    COMMAND = ("backend=local", "benchmark=checkpoint_example", "method=RS", "stopping.max_num_trials_finished=1")

    @pytest.fixture(autouse=True)
    def without_an_account(self, monkeypatch):
        def check(backend):
            raise ConfigurationError("backend.role=None leaves open whose.", option="backend.role")

        monkeypatch.setattr(LocalBackend, "check", check)

    @pytest.mark.parametrize("several", [(), ("--multirun", "seed=range(3)")])
    def test_it_is_one_line_and_nothing_is_written(self, tunekit, results, several):
        finished = tunekit(*self.COMMAND, *several)
        assert (finished.status, finished.out, finished.err) == (2, "", "backend.role=None leaves open whose.\n")
        assert not results.root.exists()

    def test_a_plan_is_shown_without_it(self, tunekit):
        finished = tunekit(*self.COMMAND, "--multirun", "seed=range(3)", "hydra.sweeper.plan=true")
        assert finished.status == 0, finished.err

    def test_a_function_is_not_tuned_without_it(self, results):
        with pytest.raises(ConfigurationError, match="leaves open whose"):
            tune(lambda x: x, {"x": "uniform(0, 1)"}, overrides=["stopping.max_num_trials_finished=1"])
        assert not results.root.exists()
