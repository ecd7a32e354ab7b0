"""``ls``, ``show``, ``export`` and ``rm``."""

import ast
import csv
import json
import os
import pty
import shlex
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from tunekit.cli.main import main
from tunekit.results.index import write_index
from tunekit.results.listing import table
from tunekit_core import find_experiments, load_experiment
from tunekit_core.records.lock import FolderLock

SCRIPT = """
import argparse

from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--kind")
parser.add_argument("--epochs", type=int)
parser.add_argument("--st_checkpoint_dir")
args = parser.parse_args()
Reporter()(epoch=args.epochs, loss=args.lr * 1e-14)
"""


def ago(**span):
    return (datetime.now(timezone.utc) - timedelta(**span)).isoformat(timespec="milliseconds")


@pytest.fixture
def put(results):
    """Put an experiment into the folder of results, as a run leaves it."""

    def make(run_hash, *, tag="default", method="ASHA", seed=0, best=None, status="completed", root=None, **more):
        folder = (root or results.root) / tag / method / f"fcnet-robot_arm-{seed}-{run_hash}"
        folder.mkdir(parents=True)
        metadata = {
            "experiment_tag": tag, "method": method, "benchmark": "fcnet", "dataset": "robot_arm", "seed": seed,
            "hash": run_hash, "status": status, "format": 3, "metric": ["loss"], "mode": ["min"], "search_space": [],
            "resource": "epoch", "reason": "60 s are over", "time": 60.0, "n_started": 3,
            "n_completed": 2, "n_paused": 0, "n_reports": 9, "n_failed": 0,
            "ended": ago(minutes=5),
        }  # fmt: skip
        if best is not None:
            incumbent = {"trial_id": 1, "resource": 9, "metrics": {"loss": best}, "configuration": {"lr": 1e-05}}
            metadata["incumbent"] = incumbent
        metadata |= more
        (folder / "metadata.json").write_text(
            json.dumps({key: value for key, value in metadata.items() if value != ...})
        )
        (folder / "results.csv.zip").write_bytes(b"x" * 1500)
        return folder

    return make


def listed(finished):
    return [each["hash"] for each in json.loads(finished.out)]


def test_ls_lists_what_was_active_last_first(put, tunekit):
    put("aaaaaaaaaaaa", ended=ago(hours=3), best=0.5)
    put("bbbbbbbbbbbb", ended=ago(days=9), seed=1)
    put("cccccccccccc", tag="demo", method="RS", ended=ago(minutes=4), best=1e-12)
    finished = tunekit("ls")
    assert finished.status == 0
    lines = [line.split() for line in finished.out.splitlines()]
    assert lines[0] == ["id", "status", "age", "tag", "method", "problem", "seed", "best", "metric", "folder"]
    assert [line[:8] for line in lines[1:]] == [
        ["cccccccc", "completed", "4m", "demo", "RS", "fcnet-robot_arm", "0", "1e-12"],
        ["aaaaaaaa", "completed", "3h", "default", "ASHA", "fcnet-robot_arm", "0", "0.5"],
        ["bbbbbbbb", "completed", "9d", "default", "ASHA", "fcnet-robot_arm", "1", "-"],
    ]
    assert lines[1][9].endswith("results/demo/RS/fcnet-robot_arm-0-cccccccccccc")
    assert finished.err == "3 experiments: 3 completed.\n"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["tag=demo"], "c"),
        (["tag=d*"], "cab"),
        (["method=rs"], "c"),
        (["method=RS,asha", "seed=0"], "ca"),
        (["benchmark=fcnet"], "cab"),
        (["benchmark=fcnet-robot_arm", "dataset=robot_arm"], "cab"),
        (["experiment=study"], "b"),
        (["status=failed"], "b"),
        (["older=2h"], "ab"),
        (["newer=2h"], "c"),
        (["older=90m", "newer=1w"], "a"),
        (["below=0.4"], "c"),
        (["above=0.4"], "a"),
        (["tags.who=me"], "a"),
        (["sort=best"], "cab"),
        (["sort=method", "seed=0"], "ac"),
        (["sort=status"], "cab"),
        (["tag=nobody"], ""),
    ],
    ids=" ".join,
)
def test_filters_choose_and_sort_orders(put, tunekit, filters, expected):
    put("aaaaaaaaaaaa", ended=ago(hours=3), best=0.5, tags={"who": "me"})
    put("bbbbbbbbbbbb", ended=ago(days=9), seed=1, status="failed", experiment="study")
    put("cccccccccccc", tag="demo", method="RS", ended=ago(minutes=4), best=1e-12)
    finished = tunekit("ls", "--json", *filters)
    assert finished.status == 0
    assert [each[0] for each in listed(finished)] == list(expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("size=[1,2]", "a"),
        ("size=[1, 2]", "a"),
        ("size=[1,2],[a,3]", "ab"),
        ("size=1", "c"),
        ("size=*", "abc"),
        ("on=true", "a"),
        ("on=null", "b"),
        ("data.name=x", "a"),
        ("data={name:x}", "a"),
        ("words=one,two", "ab"),
    ],
)
def test_a_tag_is_chosen_as_it_is_typed_for_a_run(put, tunekit, typed, expected):
    put("aaaaaaaaaaaa", tags={"size": [1, 2], "on": True, "data": {"name": "x"}, "words": "one,two"})
    put("bbbbbbbbbbbb", tags={"size": ["a", 3], "on": None, "words": "two"}, seed=1)
    put("cccccccccccc", tags={"size": 1, "words": "three"}, seed=2)
    finished = tunekit("ls", "--json", f"tags.{typed}", "sort=seed")
    assert [each[0] for each in listed(finished)] == list(expected)


def test_a_tag_that_no_run_has_is_told_with_those_that_there_are(put, tunekit):
    put("aaaaaaaaaaaa", tags={"size": [1, 2]})
    assert "Of tags.size there is: [1,2]." in tunekit("ls", "tags.size=[1,3]").err


def put_script(put, run_hash, data, flag="--fast", **more):
    command = f"python fit.py --data {data} {flag} {{arguments}}"
    put(run_hash, benchmark="script-fit", dataset="", config={"benchmark": {"command": command}}, **more)


def test_a_problem_is_chosen_by_the_name_that_tables_show(put, tunekit):
    put_script(put, "aaaaaaaaaaaa", "a")
    put_script(put, "bbbbbbbbbbbb", "b,c", seed=1)
    shown = {each["hash"][0]: each["problem"] for each in json.loads(tunekit("ls", "--json").out)}
    assert shown == {"a": "script-fit a", "b": "script-fit b,c"}
    for run, problem in shown.items():
        assert [each[0] for each in listed(tunekit("ls", "--json", f"benchmark={problem}"))] == [run]
    assert len(listed(tunekit("ls", "--json", "benchmark=script-fit"))) == 2
    assert "Of benchmark there is: script-fit a, script-fit b,c." in tunekit("ls", "benchmark=script-fit c").err


def test_a_problem_is_chosen_by_the_name_that_it_has_among_those_of_the_other_filters(put, tunekit):
    put_script(put, "aaaaaaaaaaaa", "a", tag="demo")
    put_script(put, "bbbbbbbbbbbb", "b", tag="demo", seed=1)
    put_script(put, "cccccccccccc", "a", flag="--slow", seed=2)
    assert listed(tunekit("ls", "--json", "benchmark=script-fit a --fast")) == ["aaaaaaaaaaaa"]
    assert listed(tunekit("ls", "--json", "tag=demo", "benchmark=script-fit a")) == ["aaaaaaaaaaaa"]


def test_a_name_that_a_table_shows_means_that_problem_alone(put, tunekit):
    arguments = {"a": "a", "b": "a,b", "c": "'x*'", "d": "'x y'", "e": "'[ab]'"}
    for seed, (name, argument) in enumerate(arguments.items()):
        put_script(put, name * 12, argument, seed=seed)
    shown = {each["hash"][0]: each["problem"] for each in json.loads(tunekit("ls", "--json").out)}
    assert len(set(shown.values())) == len(arguments)
    for run, problem in shown.items():
        assert [each[0] for each in listed(tunekit("ls", "--json", f"benchmark={problem}"))] == [run]
        assert listed(tunekit("ls", "--json", f"benchmark={problem}", "seed=7")) == []


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ("range(3)", [0, 2]),
        ("range(2,11)", [2, 10]),
        ("range(0, 100, 10)", [0, 10]),
        ("range(10,1,-2)", [2, 10]),
        ("range(-5,1)", [-3, 0]),
        ("0-2", [0, 2]),
        ("2-100", [2, 10]),
        ("-3,10-11", [-3, 10]),
        ("range(1),range(10,12),-*", [-3, 0, 10]),
        ("1*", [10]),
    ],
)
def test_seeds_are_chosen_by_ranges_too(put, tunekit, seeds, expected):
    for number, seed in enumerate((10, 2, 0, -3)):
        put(f"{number:012x}", seed=seed)
    finished = tunekit("ls", "--json", f"seed={seeds}", "sort=seed")
    assert finished.status == 0, finished.err
    assert [each["seed"] for each in json.loads(finished.out)] == expected


@pytest.mark.parametrize(
    ("seeds", "problem"),
    [
        ("", "seed= lacks a value. Type seed=3, seed=0,1, seed=0-4 or seed=range(5)"),
        ("1,,2", "seed=1,,2 lacks a value."),
        ("range(1", "seed=range(1: range(1 is no range. Type seed=range(5), seed=range(5,10) or seed=5-9"),
        ("range(a)", "seed=range(a): range(a) is no range."),
        ("range(0,5,0)", "seed=range(0,5,0): range(0,5,0) is no range."),
    ],
)
def test_a_range_of_seeds_that_is_none_is_refused(put, tunekit, seeds, problem):
    finished = tunekit("ls", f"seed={seeds}")
    assert (finished.status, finished.out) == (2, "")
    assert finished.err.startswith(problem)


def test_seeds_are_listed_as_numbers(put, tunekit, results):
    for number, seed in enumerate((10, 9, 2)):
        put(f"{number:012x}", seed=seed)
    assert "Of seed there is: 2, 9, 10." in tunekit("ls", "seed=3").err
    write_index(results.root / "default")
    lines = (results.root / "default" / "index.csv").read_text().splitlines()
    assert [line.split(",")[3] for line in lines] == ["seed", "2", "9", "10"]


def test_the_best_of_what_is_maximised_is_the_highest(put, tunekit):
    put("aaaaaaaaaaaa", best=0.5, mode=["max"])
    put("bbbbbbbbbbbb", best=0.9, mode=["max"], seed=1)
    assert listed(tunekit("ls", "--json", "sort=best")) == ["bbbbbbbbbbbb", "aaaaaaaaaaaa"]


def test_json_has_the_configuration_and_its_types(put, tunekit):
    folder = put("aaaaaaaaaaaa", best=0.25)
    (each,) = json.loads(tunekit("ls", "--json").out)
    expected = {
        "folder": str(folder),
        "best_value": 0.25,
        "configuration": {"lr": 1e-05},
        "metric": "loss",
        "mode": "min",
    }
    assert {key: each[key] for key in expected} == expected


def test_several_folders_are_one_list(put, tunekit, tmp_path):
    put("aaaaaaaaaaaa")
    put("bbbbbbbbbbbb", root=tmp_path / "other")
    put("cccccccccccc", root=tmp_path / "third")
    finished = tunekit("ls", "--json", "other", str(tmp_path / "results"), "other/default")
    assert sorted(listed(finished)) == ["aaaaaaaaaaaa", "bbbbbbbbbbbb"]


def test_running_is_what_a_live_process_writes(put, tunekit):
    put("aaaaaaaaaaaa", status="running", ended=...)
    folder = put("bbbbbbbbbbbb", status="running", ended=..., seed=1)
    with FolderLock(folder):
        assert listed(tunekit("ls", "--json", "status=running")) == ["bbbbbbbbbbbb"]
        assert listed(tunekit("ls", "--json", "status=interrupted")) == ["aaaaaaaaaaaa"]


def test_what_cannot_be_read_is_named_and_the_rest_is_listed(put, tunekit):
    put("aaaaaaaaaaaa")
    (put("bbbbbbbbbbbb", seed=1) / "metadata.json").write_text("{")
    put("cccccccccccc", seed=2, format=1)
    finished = tunekit("ls", "--json")
    assert finished.status == 0
    assert listed(finished) == ["aaaaaaaaaaaa"]
    assert finished.err.count("Left out: ") == 2
    assert "fcnet-robot_arm-1-bbbbbbbbbbbb/metadata.json cannot be read" in finished.err
    assert "fcnet-robot_arm-2-cccccccccccc/metadata.json is of format 1" in finished.err


def test_links_and_hidden_folders_are_not_looked_into(put, tunekit, results, tmp_path):
    put("aaaaaaaaaaaa", root=tmp_path / "elsewhere")
    put("bbbbbbbbbbbb", root=results.root / ".incoming-7")
    put("cccccccccccc")
    (results.root / "link").symlink_to(tmp_path / "elsewhere")
    assert listed(tunekit("ls", "--json")) == ["cccccccccccc"]


def test_an_empty_folder_of_results_says_what_to_type(tunekit):
    finished = tunekit("ls")
    assert finished.status == 0
    assert "To run one, type for example: python -m tunekit method=ASHA benchmark=fcnet" in finished.out


def test_no_match_says_what_there_is(put, tunekit):
    put("aaaaaaaaaaaa", tag="demo")
    finished = tunekit("ls", "tag=dmeo")
    assert (finished.status, finished.out) == (0, "")
    assert finished.err == "No experiment fits tag=dmeo. Did you mean 'demo'? Of tag there is: demo.\n"


def test_of_too_many_that_are_meant_it_says_how_to_see_all(put, tunekit, results):
    for seed in range(7):
        folder = put(f"{seed:012}", seed=seed).parent
    head = "is 7 experiments. Name one of them:\n"
    tail = "  and 2 more\nTo see what there is in {0}, type: python -m tunekit ls{1}\n"
    by_folder, by_name = tunekit("show", str(folder)), tunekit("show", "fcnet-robot_arm")
    assert by_folder.err.startswith(f"'{folder}' {head}")
    assert by_folder.err.endswith(tail.format(folder, f" {folder}"))
    assert by_name.err.startswith(f"'fcnet-robot_arm' {head}")
    assert by_name.err.endswith(tail.format(results.root, ""))


@pytest.mark.parametrize(
    ("stopping", "typed"),
    [
        ({"max_num_trials_started": {"distribution": "tunekit", "count": 6}}, "stopping.max_num_trials_started=12"),
        ({"max_wallclock_time": {"distribution": "tunekit", "seconds": 1.5}}, "stopping.max_wallclock_time=3"),
        (
            {
                "max_wallclock_time": {"distribution": "tunekit", "seconds": 1.5},
                "max_cost": {"distribution": "tunekit", "cost": 1.0},
            },
            "stopping.OPTION=VALUE",
        ),
        ("until it is good", "stopping.OPTION=VALUE"),
    ],
)
def test_what_is_complete_runs_longer_with_its_end_further_off(put, tunekit, stopping, typed):
    folder = put("aaaaaaaaaaaa", config={"stopping": stopping})
    (folder / "events.jsonl").touch()
    steered = tunekit("steer", str(folder), "pause")
    assert steered.err.endswith(f"To let it run longer, type: python -m tunekit resume {folder} {typed}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ls", "tga=demo"], "tga=demo: `ls` has no option or filter 'tga'. Did you mean 'tag'? Options: sort."),
        (["ls", "status=fialed"], "status=fialed: there is no status 'fialed'. Did you mean 'failed'?"),
        (["ls", "status="], "status= lacks a value. Type status=A, or status=A,B"),
        (["ls", "tag=a", "tag=b"], "tag is given twice. Several values are one word: tag=A,B"),
        (["ls", "older=7"], "older=7 must be a number and a unit: s, m, h, d or w."),
        (["ls", "older=999999999999w"], "older=999999999999w must be a number and a unit"),
        (["ls", "below=low"], "below=low must be a number."),
        (["ls", "sort=bets"], "sort=bets: there is no 'bets'. Did you mean 'best'? Type sort= and one of: age, best,"),
        (["ls", "--jsno"], "`ls` has no flag '--jsno'. Did you mean '--json'?"),
        (["watch", "results_dir=gone"], "gone, where results are, is no folder. Type: python -m tunekit watch FOLDER"),
        (["ls", "./demo"], "./demo is no folder. Type: python -m tunekit ls"),
        (["ls", "demo"], "demo is no folder. Filters have an equals sign, as in method=demo."),
        (["show"], "`show` takes one experiment, and got none."),
        (["show", "a", "b"], "`show` takes one experiment, and got 2: a b."),
        (["show", "nobody"], "'nobody' is neither a folder nor the beginning, of at least 4 characters, of the"),
        (["show", "no/body"], "no/body does not exist."),
        (["show", "fcnet"], "'fcnet' is 2 experiments. Name one of them:\n"),
        (["show", "--long"], "`show` has no flag '--long'. Type: python -m tunekit show EXPERIMENT"),
        (["export", "aaaa", "as=yml"], "as=yml: there is no 'yml'. Did you mean 'yaml'? Type as= and one of: yaml,"),
        (["export", "aaaa", "a=json"], "a=json: `export` has no option 'a'. Did you mean 'as'?"),
        (["export", "aaaa"], "no trial has reported a finite value."),
        (["export", "bbbb", "as=command"], "was not made by the command line, so its trials have no command."),
        (["show", "aaa"], "'aaa' is neither a folder nor the beginning, of at least 4 characters, of the name"),
        (["rm", "", "--yes"], "`rm` was given a word that is empty, as a variable of the shell that is not set."),
        (["rm"], "`rm` needs to know what to remove."),
        (["rm", "-rf", "results"], "`rm` has no flag '-rf'."),
        (["rm", "nobody", "--yes"], "'nobody' is neither a folder"),
        (["rm", "folder", "--yes"], "folder holds no experiment, so nothing of it is removed."),
        (["rm", "deep", "--yes"], "deep holds no experiment, so nothing of it is removed. Looked for as far as 4"),
        (["rm", "link", "--yes"], "link is a link, and links are not followed. If that is meant, name /"),
        (["rm", "link/default", "--yes"], "link is a link, and links are not followed. If that is meant, name /"),
        (["rm", "/", "--yes"], "/ is your home or above it, and is not searched for what to remove. Name a folder"),
        (["rm", "~", "--yes"], "is your home or above it, and is not searched for what to remove. Name a folder"),
        (["rm", "../..", "--yes"], "../.. is your home or above it, and is not searched for what to remove."),
        (["rm", "status=failed", "results_dir=/", "--yes"], "/ is your home or above it, and is not searched"),
        (["rm", "aaaa"], "Nothing was removed: there is no terminal to ask at."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_one_error_with_near_names(put, tunekit, results, tmp_path, monkeypatch, arguments, message):
    put("aaaaaaaaaaaa")
    put("bbbbbbbbbbbb", best=0.5, seed=1)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(results.root)
    put("cccccccccccc", root=tmp_path / "deep/a/b")
    monkeypatch.setenv("HOME", str(tmp_path.parent / "home"))
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        finished = tunekit(*arguments)
    assert finished.status == 2
    assert message in finished.err
    assert "Traceback" not in finished.err
    assert len(results.folders()) == 2


@pytest.mark.parametrize("verb", ["ls", "show", "export", "rm"])
def test_each_verb_teaches_itself_and_is_on_the_help_page(tunekit, verb):
    finished = tunekit(verb, "--help")
    assert finished.status == 0
    assert f"Type: python -m tunekit {verb}" in finished.out
    assert max(map(len, finished.out.splitlines())) <= 120
    assert f"python -m tunekit {verb} " in tunekit("--help").out


@pytest.mark.parametrize("arguments", [["--version"], ["--cfg", "job"], ["ls"], ["export", "aaaa"]])
def test_where_nobody_reads_any_more_the_command_ends_without_a_word(put, monkeypatch, capfd, arguments):
    put("aaaaaaaaaaaa", best=0.5)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    assert ended.value.code == 1
    assert capfd.readouterr().err == ""


def test_a_terminal_of_80_columns_shows_in_full_what_matters(put, results):
    put("aaaaaaaaaaaa", method="MOBSTER-WITH-A-LONG-NAME", tag="a_long_tag_of_a_study", best=0.0191381, seed=1000)
    put("bbbbbbbbbbbb", status="interrupted", best=-1.23456e-300, ended=ago(hours=30))
    experiments = find_experiments(results.root).experiments
    first, second, third = table(
        experiments, ids=["aaaaaaaa", "bbbbbbbb"], problems=["fcnet-robot_arm"] * 2, width=80, is_long=False
    )
    assert max(map(len, (first, second, third))) <= 80
    assert (second[:8], second.split()[-2:]) == ("aaaaaaaa", ["1000", "0.0191381"])
    assert (third.split()[:3], third.split()[-1]) == (["bbbbbbbb", "interrupted", "30h"], "-1.23456e-300")
    assert "…" in second


def test_show_tells_what_the_run_told_at_its_end(tunekit, results):
    assert tunekit("method=RS", "stopping.max_num_trials_finished=3").status == 0
    (folder,) = results.folders()
    run_hash = folder.name.rpartition("-")[2]
    best = load_experiment(folder)
    for name in (run_hash, run_hash[:8], folder.name, folder.name[:-6], str(folder), str(results.root)):
        finished = tunekit("show", name)
        assert finished.status == 0, finished.err
    lines = finished.out.splitlines()
    assert lines[0] == "RS on fcnet-robot_arm, seed 0: completed"
    assert lines[1].startswith(f"Best metric_valid_loss: {best.best_value():.6g} at hp_epoch ")
    assert "It ended because 3 trials were finished." in lines
    assert f"Results: {folder}" in lines
    assert "Files: metadata.json, results.csv.zip" in lines
    assert f"Best configuration as YAML: python -m tunekit export {folder}" in lines
    (folder / "results.csv.zip").write_bytes(b"")
    assert "Not complete: " in tunekit("show", run_hash).err


def test_show_finds_a_run_by_what_it_was_before_and_elsewhere(put, tunekit, tmp_path):
    put("aaaaaaaaaaaa", root=tmp_path / "other", formerly=["dddddddddddd"], best=0.5)
    assert "Best loss: 0.5 at epoch 9 of trial 1" in tunekit("show", "dddddddddddd", "results_dir=other").out


def test_two_datasets_of_a_program_can_be_told_apart(put, tunekit):
    for name in ("a", "b"):
        command, space = f"python fit.py --data {name} {{arguments}}", {"lr": "loguniform(0.01, 1.0)", "depth": 3}
        config = {"benchmark": {"name": "script", "command": command, "space": space}}
        put(name * 12, benchmark="script", dataset="fit", config=config, best=0.5)
    for flags in ((), ("--long",), ("seed=0", "sort=seed")):
        lines = tunekit("ls", *flags).out.splitlines()[1:]
        assert sorted("script-fit a" in line for line in lines) == [False, True]
        assert sorted("script-fit b" in line for line in lines) == [False, True]
    shown = tunekit("show", "bbbb").out.splitlines()
    assert shown[1] == "Command: python fit.py --data b {arguments}, always with depth=3"


def test_what_a_program_of_ones_own_recorded_is_listed_and_shown_by_its_name(put, tunekit, results):
    folder = put("aaaaaaaaaaaa", best=0.5).rename(results.root / "valley")
    metadata = json.loads((folder / "metadata.json").read_text())
    ours = ("method", "benchmark", "dataset", "seed", "hash", "experiment_tag")
    (folder / "metadata.json").write_text(json.dumps({key: metadata[key] for key in metadata if key not in ours}))
    line = tunekit("ls").out.splitlines()[1].split()
    assert line[:8] == ["valley", "completed", "5m", "-", "-", "-", "-", "0.5"]
    assert tunekit("show", "vall").out.startswith("valley: completed\nBest loss: 0.5 at epoch 9 of trial 1\n")


def test_show_of_one_in_which_nothing_succeeded_says_to_mend_it_first(put, tunekit):
    put("aaaaaaaaaaaa", status="failed", reason="2 trials were started, and no trial has succeeded", begins_anew=True)
    mended = "To begin anew, once what went wrong in trials is mended: run again what made it"
    assert mended in tunekit("show", "aaaa").out


def test_show_of_one_that_failed_names_the_reason(put, tunekit):
    failed = {"failures": [{"trial_id": 0, "reason": "no such data"}], "n_failed": 3, "failed_trials": [0, 1, 2]}
    put("aaaaaaaaaaaa", status="failed", reason="all trials failed", **failed)
    out = tunekit("show", "aaaa").out
    assert "ASHA on fcnet-robot_arm, seed 0: failed\n" in out
    assert "3 of 3 trials failed. Trial 0: no such data\n" in out
    assert "It ended because all trials failed.\n" in out
    assert "To go on: run again what made it, the same command or the same call.\n" in out


@pytest.fixture
def of_a_script(tunekit, results, tmp_path):
    """The folder of an experiment whose trials run a script."""
    (tmp_path / "train.py").write_text(SCRIPT)
    arguments = [
        "backend=local", "benchmark=script", f"benchmark.command='{sys.executable} train.py'",
        "benchmark.space.lr=loguniform(1e-9,1e-6)", "benchmark.space.kind=\"choice(['a b', 'a b c'])\"",
        "benchmark.resource=epoch", "benchmark.max_resource=4", "benchmark.max_resource_attr=epochs", "n_workers=1",
        "stopping.max_num_trials_finished=1", "method=RS", "verbosity=0",
    ]  # fmt: skip
    finished = tunekit(*arguments)
    assert finished.status == 0, finished.err
    return results.folders()[0]


def test_what_is_exported_is_exact_in_each_form(of_a_script, tunekit, tmp_path):
    best = load_experiment(of_a_script).best_configuration()
    name = str(of_a_script)
    assert json.loads(tunekit("export", name, "as=json").out) == best
    assert ast.literal_eval(tunekit("export", name, "as=python").out) == best
    as_yaml = tunekit("export", name).out
    assert yaml.safe_load(as_yaml) == best
    assert as_yaml.startswith("# Best loss: ")
    command = tunekit("export", name, "as=command").out
    words = shlex.split(command)
    assert words[:2] == ["cd", str(tmp_path)]
    given = words[words.index("train.py") + 1 :]
    pairs = dict(zip(given[::2], given[1::2], strict=True))
    assert pairs == {"--epochs": "4", "--kind": best["kind"], "--lr": repr(best["lr"])}
    # what was killed has its best so far in its record
    metadata = json.loads((of_a_script / "metadata.json").read_text())
    kept = {key: value for key, value in metadata.items() if key not in ("ended", "incumbent", "n_reports", "reason")}
    (of_a_script / "metadata.json").write_text(json.dumps({**kept, "status": "running"}))
    assert json.loads(tunekit("export", name, "as=json").out) == best
    finished = tunekit("show", name)
    title, program, so_far = finished.out.splitlines()[:3]
    assert (title, program.startswith("Command: ")) == ("RS on script-train, seed 0: interrupted", True)
    assert so_far.startswith("Best loss so far: ")
    assert f"To go on: python -m tunekit resume {of_a_script}\n" in finished.out


def test_a_command_that_reads_a_file_is_exported_with_the_file(tunekit, results, tmp_path):
    (tmp_path / "base.yaml").write_text("optim: {lr: 0, name: sgd}\n")
    reads = "lr = yaml.safe_load(open(sys.argv[1]))['optim']['lr']"
    script = f"import sys, yaml\n{reads}\nprint('[tunekit-report]', '{{\"loss\": %r}}' % lr)"
    (tmp_path / "train.py").write_text(script)
    command = f"benchmark.command='{sys.executable} train.py {{yaml:base.yaml}} {{seed}} {{checkpoint}}'"
    ends = ["n_workers=1", "stopping.max_num_trials_finished=2", "method=RS", "verbosity=0"]
    finished = tunekit(
        "backend=local", "benchmark=script", command, "benchmark.space.optim.lr=loguniform(1e-9,1e-6)", *ends
    )
    assert finished.status == 0, finished.err
    text = tunekit("export", str(results.root), "as=command").out
    printed = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout
    best = load_experiment(results.folders()[0]).best_configuration()
    assert printed == f'[tunekit-report] {{"loss": {best["optim.lr"]!r}}}\n'
    assert (tmp_path / "base.yaml").read_text() == "optim: {lr: 0, name: sgd}\n"
    assert tunekit("export", str(results.root), "as=command").err == ""
    (tmp_path / "base.yaml").write_text("optim: {lr: 0, name: adam}\n")
    edited = "Edited since the trial ran: base.yaml. The command runs what is there now.\n"
    assert tunekit("export", str(results.root), "as=command").err == edited


def test_an_exported_command_has_the_variables_of_the_trial(tunekit, results, tmp_path):
    script = """import json, os
with open(os.environ["TUNEKIT_CONFIGURATION"]) as file:
    seen = dict(json.load(file), own=os.environ["OWN"], seed=os.environ["TUNEKIT_SEED"])
assert os.path.isdir(os.environ["TUNEKIT_CHECKPOINT_DIR"])
os.chdir("/")
with open(os.environ["TUNEKIT_REPORTS"], "a") as file:
    print(json.dumps(dict(seen, loss=seen["lr"])), file=file)
"""
    (tmp_path / "train.py").write_text(script)
    command = ["backend=local", "benchmark=script", f"benchmark.command='{sys.executable} train.py {{none}}'"]
    space = ["benchmark.space.lr=uniform(0,1)", 'benchmark.environment.OWN="it\'s $HOME"']
    ends = ["n_workers=1", "stopping.max_num_trials_finished=2", "method=RS", "verbosity=0"]
    finished = tunekit(*command, *space, *ends)
    assert finished.status == 0, finished.err
    experiment = load_experiment(results.folders()[0])
    best = experiment.results.sort_values("loss").iloc[0]
    text = tunekit("export", str(results.root), "as=command").out
    printed = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == {
        "own": "it's $HOME",
        "seed": str(best["seed"]),
        "lr": best["loss"],
        "loss": best["loss"],
    }


def test_values_of_every_kind_come_back_from_each_form(put, tunekit):
    configuration = {
        "lr": 0.1 + 0.2, "tiny": 5e-324, "huge": 1e300, "whole": 2.0, "units": 2**53 + 1, "layers": [64, 64],
        "none": None, "flag": True, "text": "1e-5", "yes": "yes", "null": "null", "optim.lr": "é'\"\\",
        "lines": "a\nb", "empty": [],
    }  # fmt: skip
    incumbent = {"trial_id": 1, "resource": 9, "metrics": {"loss": 0.5}, "configuration": configuration}
    put("aaaaaaaaaaaa", incumbent=incumbent)
    readers = {"yaml": yaml.safe_load, "json": json.loads, "python": ast.literal_eval}
    for form, read in readers.items():
        found = read(tunekit("export", "aaaa", f"as={form}").out)
        assert found == configuration
        assert {name: type(value) for name, value in found.items()} == {
            name: type(value) for name, value in configuration.items()
        }
    points = yaml.safe_load(tunekit("export", "aaaa", "as=points").out)
    assert points == {"points_to_evaluate": [configuration]}


def test_another_search_begins_with_what_is_exported_as_points(tunekit, results, tmp_path):
    ends = ["stopping.max_num_trials_started=1", "method=RS"]
    assert tunekit(*ends).status == 0
    best = load_experiment(results.folders()[0]).best_configuration()
    (tmp_path / "again/experiment").mkdir(parents=True)
    (tmp_path / "again/experiment/best.yaml").write_text(tunekit("export", str(results.root), "as=points").out)
    other = ["seed=5", "experiment_tag=other"]
    finished = tunekit(*ends, *other, "+experiment=best", "--config-dir", str(tmp_path / "again"))
    assert finished.status == 0, finished.err
    assert load_experiment(results.folders("other/*/*")[0]).best_configuration() == best


def test_of_a_benchmark_without_script_there_is_no_command(tunekit, results):
    assert tunekit("method=RS", "stopping.max_num_trials_finished=3").status == 0
    finished = tunekit("export", str(results.root), "as=command")
    assert finished.status == 2
    assert "as=command: trials of benchmark=fcnet run no script. Type as=yaml, as=json or as=python.\n" in finished.err


def test_rm_removes_what_is_chosen_and_the_index_forgets_it(put, tunekit, results):
    going = put("aaaaaaaaaaaa", status="failed", ended=ago(days=8), reason="out of memory")
    put("bbbbbbbbbbbb", status="failed", seed=1)
    put("cccccccccccc", ended=ago(days=8), seed=2)
    write_index(results.root / "default")
    finished = tunekit("rm", "status=failed", "older=7d", "--yes")
    assert finished.status == 0
    assert str(going) in finished.out
    assert "To be removed: 2 kB, 1 experiment: 1 failed.\nRemoved: 1 experiment, 2 kB.\n" in finished.out
    assert not going.exists()
    with open(results.root / "default/index.csv") as file:
        assert [line["hash"] for line in csv.DictReader(file)] == ["bbbbbbbbbbbb", "cccccccccccc"]
    assert tunekit("rm", "bbbb", "results/default", str(results.root), "--yes").status == 0  # each only once
    assert list(results.root.iterdir()) == []


def test_figures_and_files_of_the_user_stay(put, tunekit, results):
    put("aaaaaaaaaaaa")
    (results.root / "default/figure.png").write_bytes(b"")
    (results.root / "default/ASHA/notes.txt").write_text("")
    assert tunekit("rm", "aaaa", "--yes").status == 0
    left = [path.relative_to(results.root).as_posix() for path in results.root.rglob("*") if path.is_file()]
    assert sorted(left) == ["default/ASHA/notes.txt", "default/figure.png"]


def test_rm_keeps_what_runs(put, tunekit, results):
    running = put("aaaaaaaaaaaa", status="running", ended=...)
    put("bbbbbbbbbbbb", seed=1)
    with FolderLock(running):
        finished = tunekit("rm", str(results.root), "--yes")
    assert finished.status == 1
    assert f"Kept: {running} is being written by process {os.getpid()} on " in finished.err
    assert results.folders() == [running]


def test_rm_removes_links_but_nothing_behind_them(put, tunekit, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/precious").write_text("")
    folder = put("aaaaaaaaaaaa")
    (folder / "0").mkdir()
    (folder / "0/checkpoint").symlink_to(tmp_path / "data")
    (folder / "data").symlink_to(tmp_path / "data")
    assert tunekit("rm", "aaaa", "--yes").status == 0
    assert (tmp_path / "data/precious").exists()
    assert not folder.exists()


def test_rm_keeps_a_folder_that_is_not_named_after_its_experiment(put, tunekit, tmp_path):
    """A program of one's own may record into the folder of a project."""
    project = put("aaaaaaaaaaaa").rename(tmp_path / "project")
    finished = tunekit("rm", "project", "--yes")
    assert finished.status == 1
    assert "project has no folder of its own, with its hash in the name: other files may lie there.\n" in finished.err
    assert (project / "metadata.json").exists()


def test_rm_keeps_what_cannot_be_read(put, tunekit, results):
    damaged = put("aaaaaaaaaaaa")
    (damaged / "metadata.json").write_text("{}")
    finished = tunekit("rm", str(damaged), "--yes")
    assert finished.status == 1
    assert "Left out: " in finished.err
    assert damaged.exists()


def test_rm_asks_and_only_yes_removes(put, tunekit, results, monkeypatch):
    put("aaaaaaaaaaaa")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal, os.fdopen(ours, "w") as typed:
        monkeypatch.setattr(sys, "stdin", terminal)
        for answer in ("y", "", "Yes"):
            typed.write(answer + "\n")
            typed.flush()
            finished = tunekit("rm", "aaaa")
            assert finished.status == 1
            assert finished.err.endswith("Remove it for good? Type yes: Nothing was removed.\n")
            assert len(results.folders()) == 1
        typed.write("yes\n")
        typed.flush()
        assert tunekit("rm", "aaaa").status == 0
    assert results.folders() == []


def test_what_cannot_be_removed_is_told_and_is_removed_the_next_time(put, tunekit, monkeypatch):
    folder = put("aaaaaaaaaaaa")
    unlink = type(folder).unlink

    def refuse(path, *arguments, **keywords):
        if path.name == "metadata.json":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, *arguments, **keywords)

    with monkeypatch.context() as patched:
        patched.setattr(type(folder), "unlink", refuse)
        finished = tunekit("rm", "aaaa", "--yes")
    assert finished.status == 1
    assert f"Not removed: {folder}: " in finished.err
    assert tunekit("rm", "aaaa", "--yes").status == 0
    assert not folder.exists()


def test_checkpoints_alone_go_but_for_those_of_the_best_and_of_what_may_go_on(put, tunekit):
    complete = put("aaaaaaaaaaaa", best=0.5)  # of trial 1
    interrupted = put("bbbbbbbbbbbb", status="interrupted", seed=1)
    for folder in (complete, interrupted):
        for trial in (0, 1):
            (folder / f"{trial}/checkpoints/9").mkdir(parents=True)
            (folder / f"{trial}/checkpoints/9/state").write_bytes(b"x" * 1000)
            (folder / f"{trial}/stdout.log").write_text("")
    finished = tunekit("rm", "--checkpoints", "tag=default", "--yes")
    assert finished.status == 0
    assert "Removed: checkpoints of 1 experiment, 1 kB.\n" in finished.out
    assert not (complete / "0/checkpoints").exists()
    assert (complete / "0/stdout.log").exists()
    assert (complete / "1/checkpoints/9/state").exists()
    assert (interrupted / "0/checkpoints/9/state").exists()
    assert tunekit("rm", "--checkpoints", "tag=default", "--yes").err == "There is nothing to remove.\n"


def test_the_index_has_the_best_value_and_the_configuration(put, results):
    put("aaaaaaaaaaaa", best=1e-12)
    put("bbbbbbbbbbbb", status="failed", seed=1)
    with open(write_index(results.root / "default")) as file:
        first, second = csv.DictReader(file)
    assert (first["metric"], first["best_value"], first["configuration"]) == ("loss", "1e-12", '{"lr": 1e-05}')
    assert (second["metric"], second["best_value"], second["configuration"]) == ("loss", "", "")


def test_ls_reads_metadata_alone(put, results, monkeypatch):
    """For 2,000 that takes 0.7 s; pandas or results would take longer."""
    for number in range(20):
        folder = put(f"{number:012x}", seed=number)
        (folder / "results.csv.zip").chmod(0)
    for name in ("pandas", "hydra", "omegaconf"):
        monkeypatch.setitem(sys.modules, name, None)  # cannot be imported
    assert main(["ls", str(results.root)]) == 0


STEERING = "\x1b[31mred\x1b[2J \u202eturned"


def test_what_a_configuration_holds_steers_no_terminal_and_is_exported_exactly(put, tunekit):
    configuration = {"kind": STEERING, f"name {STEERING}": "1e3", "grün": 0.5}
    incumbent = {"trial_id": 1, "resource": 9, "metrics": {"loss": 0.5}, "configuration": configuration}
    folder = str(put("aaaaaaaaaaaa", incumbent=incumbent, best_of_failed=incumbent, reason=STEERING, recommended=None))
    shown = [tunekit("show", folder), tunekit("watch", folder, "--once"), tunekit("ls"), tunekit("report")]
    exported = {form: tunekit("export", folder, f"as={form}") for form in ("yaml", "points", "json", "python")}
    for finished in (*shown, *exported.values()):
        assert finished.out.replace("\n", "").isprintable()
        assert finished.err.replace("\n", "").isprintable()
    assert yaml.safe_load(exported["yaml"].out) == configuration
    assert yaml.safe_load(exported["points"].out) == {"points_to_evaluate": [configuration]}
    assert json.loads(exported["json"].out) == ast.literal_eval(exported["python"].out) == configuration


def test_what_ls_says_as_json_is_json_whatever_is_not_finite(put, tunekit):
    nan, inf = float("nan"), float("inf")
    incumbent = {"trial_id": 1, "resource": 9, "metrics": {"loss": inf}, "configuration": {"lr": [nan, {"a": -inf}]}}
    put("aaaaaaaaaaaa", incumbent=incumbent, tags={"a": nan}, started=inf, experiment=[nan])

    def refuse(text):
        raise AssertionError(text)

    (told,) = json.loads(tunekit("ls", "--json").out, parse_constant=refuse)
    assert (told["best_value"], told["configuration"], told["tags"]) == (None, {"lr": [None, {"a": None}]}, {"a": None})
