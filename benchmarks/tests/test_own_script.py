"""The benchmark ``script``: a program of the user's own."""

import importlib
import os
import sys
from pathlib import Path

import pytest

import tunekit_benchmarks
from tunekit.sources import sources_of
from tunekit_benchmarks.script.benchmark import ScriptOptions
from tunekit_core import ConfigurationError, Executable, Problem, TunekitWarning, create, loguniform

LR = {"lr": "loguniform(1e-4,1e-1)"}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A folder with a script, and one program on the PATH."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    (tmp_path / "run.sh").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "go.sh").touch(mode=0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def own(**options):
    return create("benchmark", "script", **{"command": "python train.py", "space": LR, **options})


def test_options_become_a_problem(project):
    benchmark = own(
        metric="accuracy",
        mode="max",
        resource="epoch",
        max_resource=27,
        environment={"A": "x", "B": 1},
    )
    assert isinstance(benchmark, Executable)
    assert benchmark.space["lr"] == loguniform(1e-4, 1e-1)
    assert (benchmark.objective.metric, benchmark.objective.mode) == (("accuracy",), ("max",))
    assert (benchmark.objective.resource, benchmark.max_resource, benchmark.max_resource_attr) == ("epoch", 27, None)
    script = benchmark.script()
    assert script.command == ("python", "train.py")
    assert script.folder == Path.cwd()
    assert script.environment == {"A": "x", "B": "1"}


def test_the_options_file_asks_for_a_space():
    yaml = importlib.import_module("yaml")
    path = Path(tunekit_benchmarks.__file__).parent / "conf" / "benchmark" / "script.yaml"
    options = yaml.safe_load(path.read_text())
    assert options.pop("name") == "script"
    with pytest.raises(ConfigurationError, match=r"benchmark\.space=\{\} has nothing to search\. Type for example"):
        create("benchmark", "script", command="python train.py", **options)


def test_words_of_a_command_may_hold_blanks(project):
    (project / "my script.py").touch()
    assert own(command="python 'my script.py' --a 'b c'").script().command == ("python", "my script.py", "--a", "b c")


def test_a_program_runs_in_its_folder(project):
    assert own(command="./go.sh", folder="sub").script().folder == project / "sub"


def test_the_folder_is_absolute_in_what_is_recorded(project, monkeypatch):
    monkeypatch.setenv("HOME", str(project))
    for typed in ("sub", "./sub/", "~/sub", "sub/../sub", str(project / "sub")):
        assert ScriptOptions(command="./go.sh", space=LR, folder=typed).folder == str(project / "sub")
        assert own(command="./go.sh", folder=typed).script().folder == project / "sub"
    assert ScriptOptions(command="./go.sh", space=LR).folder == os.getcwd()


def test_sources_are_found_unless_they_are_named(project, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert own().script().sources is None
    assert own(sources=[]).script().sources == ()
    assert own(sources=["train.py", "sub"]).script().sources == (Path("train.py"), Path("sub"))
    assert own(command="./go.sh", folder="sub", sources=["go.sh"]).script().sources == (Path("go.sh"),)
    monkeypatch.setenv("HOME", str(project))
    assert own(sources=["~/train.py"]).script().sources == (project / "train.py",)


def test_the_space_is_in_alphabetical_order():
    assert list(own(space={"b": "uniform(0,1)", "c": 1, **LR, "a": "randint(1,2)"}).space) == ["a", "b", "c", "lr"]


@pytest.mark.parametrize(
    ("command", "dataset"),
    [
        ("python train.py", "train"),
        ("python -u sub/../train.py --momentum 0.9", "train"),
        ("python -m package.train --data a.csv", "package.train"),
        ("sub/go.sh --a=b.py", "go"),
        ("python -c print", "python"),
        ("python 'my script.py'", "my_script"),
    ],
)
def test_results_are_named_after_the_script(command, dataset, project):
    (project / "my script.py").touch()
    assert own(command=command).dataset == dataset


@pytest.mark.parametrize(
    "options",
    [
        {"max_resource": 9},
        {"space": {**LR, "epochs": 9}},
        {"max_resource": 9, "space": {**LR, "epochs": 9}},
    ],
)
def test_how_far_to_run_is_said_once(options):
    benchmark = own(max_resource_attr="epochs", **options)
    assert (benchmark.max_resource, benchmark.max_resource_attr) == (9, "epochs")
    assert benchmark.space.constants == {"epochs": 9}


@pytest.mark.parametrize(
    "command",
    [
        "python train.py --languages c,python {arguments}",
        "python train.py {lr} c,python data.csv",
        "python train.py a,b",
    ],
)
def test_commas_are_part_of_a_command(command):
    assert own(command=command).script().command == tuple(command.split())


MISTAKES = {
    "no file named": ({"command": "python train.py {yaml:}"}, "command", ["placeholder {yaml:}", "{yaml:FILE}"]),
    "flags in both ways": ({"command": "python train.py {flags} {no_flags} {arguments}"}, "command", ["leave one of"]),
    "no program": ({"command": " "}, "command", ["names no program", "benchmark.command='python train.py'"]),
    "quotes": ({"command": "python 'train.py"}, "command", ["as a shell would", "No closing quotation"]),
    "program": ({"command": "pyton train.py"}, "command", ["no program 'pyton' is on the PATH", "full path"]),
    "program here": ({"command": "run.sh"}, "command", ["no program 'run.sh' is on the PATH", "type ./run.sh"]),
    "PATH": ({"environment": {"PATH": "/nowhere"}}, "command", ["no program 'python' is on the PATH"]),
    "path": ({"command": "./no.sh"}, "command", ["there is no file", "no.sh", "benchmark.folder=FOLDER"]),
    "not executable": ({"command": "./run.sh"}, "command", ["is not executable", "chmod +x"]),
    "script": ({"command": "python trian.py"}, "command", ["there is no file", "trian.py", "benchmark.folder=FOLDER"]),
    "script after a flag": ({"command": "python -u trian.py"}, "command", ["there is no file", "trian.py"]),
    "script in a folder": ({"folder": "sub"}, "command", ["there is no file", "sub/train.py"]),
    "folder": ({"folder": "nowhere"}, "folder", ["is no folder", "nowhere"]),
    "placeholder": (
        {"command": "python train.py {lrr}"},
        "command",
        [
            "command='python train.py {lrr}' has the placeholder {lrr}",
            "Did you mean 'lr'?",
            "Allowed: {lr}, {arguments}",
        ],
    ),
    "no placeholder": ({"command": "python train.py {}"}, "command", ["has the placeholder {}", "written {{ or }}"]),
    "blanks": ({"command": "python train.py { lr }"}, "command", ["has a '{' by itself", "{lr}, without blanks"]),
    "brace": ({"command": "python train.py a={lr"}, "command", ["has a '{' by itself in 'a={lr'"]),
    "several words in one": ({"command": "python train.py a={flags}"}, "command", ["{flags} within 'a={flags}'"]),
    "passed nowhere": (
        {"command": "python train.py {lr}", "space": {**LR, "m": 3}},
        "command",
        ["passes no 'm'", "Add {m}", "{arguments} for --m VALUE", "{none}"],
    ),
    "no flag": ({"command": "python train.py {flags}"}, "command", ["passes no 'lr'"]),
    "two meanings": (
        {"command": "python train.py {arguments} {seed}", "space": {**LR, "seed": 3}},
        "command",
        ["{seed}, which has a meaning of its own", "benchmark.space.my_seed"],
    ),
    "program in a placeholder": ({"command": "{lr} train.py"}, "command", ["names its program by a placeholder"]),
    "placeholders alone": ({"command": "{lr}"}, "command", ["names its program by a placeholder"]),
    "several commands": (
        {"command": "python train.py {arguments} --data x,python other.py {arguments}"},
        "command",
        ["looks like several commands", "=\"'python a.py {arguments}','python b.py {arguments}'\""],
    ),
    "several without arguments": ({"command": "python train.py,python other.py"}, "command", ["several commands"]),
    "several with blanks": ({"command": "python train.py {lr}, python other.py"}, "command", ["several commands"]),
    "several after placeholders": ({"command": "python -u train.py {lr},python -u a.py"}, "command", ["several"]),
    "several modules": ({"command": "python -m a --x,python -m b"}, "command", ["several commands"]),
    "choice of commands": (
        {"command": "choice('python train.py {arguments}','python other.py {arguments}')"},
        "command",
        ["several commands"],
    ),
    "name for Hydra": (
        {"command": "python train.py {overrides}", "space": {**LR, "a b": 1}},
        "command",
        ["passes 'a b' by {overrides}"],
    ),
    "no file": ({"command": "python train.py {json:no.json}"}, "command", ["/no.json cannot be read: No such file"]),
    "no JSON": ({"command": "python train.py {json:bad.json}"}, "command", ["bad.json is neither JSON nor YAML: "]),
    "no YAML": ({"command": "python train.py {yaml:bad.yaml}"}, "command", ["bad.yaml is neither JSON nor YAML: "]),
    "no mapping": ({"command": "python train.py {yaml:train.py}"}, "command", ["holds no mapping of names to values"]),
    "date in a file": (
        {"command": "python train.py {yaml:date.yaml}"},
        "command",
        ["date 2024-01-01 in 'a'", "quotes"],
    ),
    "key of a file": ({"command": "python train.py {yaml:key.yaml}"}, "command", ["the key 0 in 'names'", "quotes"]),
    "value for a mapping": (
        {"command": "python train.py {yaml:base.yaml}", "space": {**LR, "optim": 1}},
        "command",
        ["'optim' where a mapping is"],
    ),
    "two for one place": (
        {"command": "python train.py {json}", "space": {**LR, "lr.x": 1}},
        "command",
        ["'lr.x' into a file where 'lr' is no mapping"],
    ),
    "source": (
        {"sources": ["train.py", "lib.py"]},
        "sources",
        ["there is no file or folder", "/lib.py", "=[train.py,src]"],
    ),
    "source in a folder": (
        {"folder": "sub", "command": "./go.sh", "sources": ["train.py"]},
        "sources",
        ["/sub/train.py"],
    ),
    "source without a name": ({"sources": [""]}, "sources", ["there is no file or folder"]),
    "source of nobody": ({"sources": ["~nobody-of-that-name/a"]}, "sources", ["there is no file or folder"]),
    "source that is no path": ({"sources": ["a\0b"]}, "sources", ["there is no file or folder"]),
    "device as a source": ({"sources": ["/dev/null"]}, "sources", ["there is no file or folder /dev/null"]),
    "one source": ({"sources": "train.py"}, "sources", ["Allowed: list of text | null"]),
    "variable": ({"environment": {"A": 1.1}}, "environment.A", ["A=1.1", "quotes of its own"]),
    "empty space": ({"space": {}}, "space", ["nothing to search", "benchmark.space.lr='loguniform(1e-4,1e-1)'"]),
    "constants alone": ({"space": {"a": 3}}, "space", ["nothing to search"]),
    "name of a domain": (
        {"space": {"lr": "lognuiform(1,2)"}},
        "space.lr",
        ["space.lr='lognuiform(1,2)' cannot be used: ", "Write loguniform(1, 2)."],
    ),
    "domain without range": ({"space": {"lr": "uniform"}}, "space.lr", ["is not a domain", "Write uniform(0.0, 0.9)."]),
    "bounds": (
        {"space": {"lr": "loguniform(0,1)"}},
        "space.lr",
        ["space.lr='loguniform(0,1)' cannot be used: loguniform(0, 1)", "above 0"],
    ),
    "list of one twice": ({"space": {"lr": [1, 1]}}, "space.lr", ["space.lr=[1, 1]", "1 appears twice"]),
    "domain of another tool": (
        {"space": {"lr": {"min": 0.5, "max": 1}}},
        "space.lr",
        ["space.lr={'min': 0.5, 'max': 1} is no domain. Write uniform(0.5, 1)."],
    ),
    "domain of another tool in a mapping": (
        {"space": {"optim": {"lr": {"values": [1, 2]}}}},
        "space.optim.lr",
        ["space.optim.lr={'values': [1, 2]} is no domain. Write the list [1, 2]."],
    ),
    "reserved name": ({"space": {**LR, "st_x": 1}}, "space.st_x", ["'st_'"]),
    "metric": ({"metric": ""}, "metric", ["benchmark.metric=loss"]),
    "resource": ({"resource": "loss"}, "resource", ["is the metric itself", "benchmark.resource=epoch"]),
    "max_resource": ({"max_resource": 0}, "max_resource", ["max_resource=0 must be at least 1"]),
    "no max_resource": ({"max_resource_attr": "epochs"}, "max_resource_attr", ["add benchmark.max_resource=27"]),
    "searched": ({"max_resource_attr": "lr", "max_resource": 3}, "space.lr", ["cannot be searched"]),
    "two values": (
        {"max_resource_attr": "epochs", "max_resource": 3, "space": {**LR, "epochs": 9}},
        "max_resource",
        ["max_resource=3", "benchmark.space.epochs=9", "Leave one of them out"],
    ),
}


BASE = "optim:\n  lr: 1e-3\n  nesterov: yes\n  name: sgd\n"


@pytest.fixture
def files(project):
    """Files with the settings of a program, good and bad ones."""
    texts = {
        "base.yaml": BASE,
        "base.json": '{"optim": {"lr": 0.1, "name": "sgd"}}',
        "bad.json": "{",
        "bad.yaml": "a: [",
        "date.yaml": "a: 2024-01-01",
        "key.yaml": "names: {0: cat}",
    }
    for name, text in texts.items():
        (project / name).write_text(text)


@pytest.mark.parametrize("name", ["base.yaml", "base.json"])
def test_a_file_of_the_user_is_read_with_the_types_that_its_readers_see(name, files):
    script = own(command=f"python train.py {{yaml:{name}}}", space={"optim.lr": "uniform(0,1)"}).script()
    expected = {"optim": {"lr": 0.001, "nesterov": True, "name": "sgd"}}
    assert script.templates == {name: expected if name == "base.yaml" else {"optim": {"lr": 0.1, "name": "sgd"}}}
    assert own().script().templates == {}


NESTED = "optimizer:\n  params:\n    lr: 0.1\n    beta1: 0.9\nepochs: 3\n"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("optimiser.params.lr", "optimizer.params.lr"),
        ("optimizer.lr", "optimizer.params.lr"),
        ("lr", "optimizer.params.lr"),
        ("optimizer.params.Lr", "optimizer.params.lr"),
        ("epoch", "epochs"),
    ],
)
@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_name_that_is_close_to_one_in_the_file_of_the_program_is_refused(project, kind, name, meant):
    (project / "nested.yaml").write_text(NESTED)
    with pytest.raises(ConfigurationError) as caught:
        own(command=f"python train.py {{{kind}:nested.yaml}}", space={name: "uniform(0,1)"})
    assert f"has {{{kind}:nested.yaml}}, and that file has no '{name}'. Did you mean '{meant}'? If the program " in str(
        caught.value
    )


@pytest.mark.parametrize("name", ["optimizer.params.beta2", "optimizer.params.weight_decay", "seed"])
def test_another_name_that_the_file_of_the_program_lacks_is_warned_of(project, name):
    (project / "nested.yaml").write_text(NESTED)
    with pytest.warns(TunekitWarning, match=rf"nested\.yaml has no '{name}': the copy of each trial has it beside"):
        own(command="python train.py {yaml:nested.yaml}", space={name: "uniform(0,1)"})


def test_names_that_are_in_the_file_of_the_program_or_have_a_file_of_their_own_are_fine(project):
    (project / "nested.yaml").write_text(NESTED)
    space = {"optimizer.params.lr": "uniform(0,1)", "epochs": 3}
    assert own(command="python train.py {yaml:nested.yaml}", space=space)
    assert own(command="python train.py {yaml}", space={"optimiser.params.lr": "uniform(0,1)"})


def test_an_edit_of_that_file_makes_another_run(files, project):
    def sources(**options):
        command, space = "python train.py --config={yaml:base.yaml}", {"optim.lr": "uniform(0,1)"}
        return sources_of(own(command=command, space=space, **options).script()).digests

    before = sources()
    assert list(before) == ["train.py", "base.yaml"]
    assert list(sources(sources=[])) == ["base.yaml"]
    (project / "base.yaml").write_text(BASE + "x: 1\n")
    assert sources()["base.yaml"] != before["base.yaml"]
    assert sources()["train.py"] == before["train.py"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake, files):
    options, option, texts = MISTAKES[mistake]
    with pytest.raises(ConfigurationError) as caught:
        own(**options)
    assert caught.value.option == f"benchmark.{option}"
    for text in (f"benchmark.{option}", *texts):
        assert text in str(caught.value)


@pytest.mark.parametrize(
    "pattern", [r"loss: (\d+)+%", r"(?:[a-z\]]+)*: (\d)", r"(?:.*?)+loss (\d)", "(?P<value>x*)*y", r"(\S+){2,}="]
)
def test_a_pattern_that_repeats_what_is_repeated_is_refused_since_it_may_take_hours(pattern):
    with pytest.raises(ConfigurationError, match=r"repeats what is repeated already, as \(x\+\)\+ does") as refused:
        own(metrics={"loss": pattern})
    assert refused.value.option == "benchmark.metrics.loss"


def test_what_no_pattern_finds_is_no_constraint():
    benchmark = own(metrics={"loss": "loss (.*)", "memory": "memory (.*)"})
    given = {"space": benchmark.space, "objective": benchmark.objective, "metrics": benchmark.metrics}
    assert Problem(**given, constraint="memory").constraint == "memory"
    with pytest.raises(ConfigurationError, match=r"constraint=memroy: no report carries .* Did you mean 'memory'"):
        Problem(**given, constraint="memroy")
    assert own().metrics is None


def test_patterns_come_with_the_script():
    patterns = {
        "loss": "loss: (.*)",
        "epoch": r"Epoch (\d+)",
        "accuracy": r"acc=(\d+)",
        "brackets": r"\(a+\)+ [(.*)+] (\d+)?",
        "list": r"(?:\d+, )*(\d+)",
    }
    assert own(metrics=patterns, resource="epoch").script().metrics == patterns


@pytest.mark.parametrize(
    ("options", "option", "problem"),
    [
        ({"metrics": {"loss": "("}}, "benchmark.metrics.loss", "is no regular expression"),
        ({"metrics": {"loss": 3}}, "benchmark.metrics.loss", "is no regular expression"),
        ({"metrics": {"loss": "(a)(b)"}}, "benchmark.metrics.loss", "has 2 groups"),
        ({"metrics": {"loss": "val_loss: [0-9.]+"}}, "benchmark.metrics.loss", "put round brackets around the number"),
        ({"metrics": {"loss": ""}}, "benchmark.metrics.loss", "put round brackets around the number"),
        ({"metrics": {"loss": "([0-9.]*)"}}, "benchmark.metrics.loss", "finds a value in a line with nothing in it"),
        ({"metrics": {"loss": "(a)", "st_x": "(b)"}}, "benchmark.metrics.st_x", "names that begin with 'st_'"),
        ({"metrics": {"accuracy": "(a)"}}, "benchmark.metrics", "lacks a pattern for loss, what is optimised"),
        (
            {"metrics": {"loss": "(a)"}, "resource": "epoch"},
            "benchmark.metrics",
            "lacks a pattern for epoch, the resource.* or benchmark.resource=null",
        ),
    ],
)
def test_patterns_that_find_no_reports_are_refused(options, option, problem):
    with pytest.raises(ConfigurationError, match=problem) as refused:
        own(**options)
    assert refused.value.option == option
