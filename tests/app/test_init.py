"""``python -m tunekit init``: scripts in public style, what is proposed for them, and that it runs."""

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tunekit_core import SearchSpace, load_experiment

SCRIPTS = Path(__file__).parent / "scripts"
RUNS = {
    "absl_flags": "train.py",
    "class_defaults": "train.py",
    "click_group": "cli.py",
    "fire_function": "train.py",
    "flags_and_lists": "train.py",
    "hf_arguments": "run_train.py",
    "hydra_app": "train.py",
    "mnist_style": "main.py",
    "options_in_a_module": "train.py",
    "subcommands": "run.py",
    "tyro_config": "train.py",
}
LACKS = {
    "logs_elsewhere": ("metric", "benchmark.metric"),
    "options_class": ("dataroot", "benchmark.space.dataroot"),
    "typer_app": ("data", "benchmark.space.data"),
    "with_reporter": ("max_resource", "benchmark.max_resource"),
}
LR = "parser.add_argument('--lr', type=float, default=0.1)"
BEGIN = "import argparse\nparser = argparse.ArgumentParser()\n"


@pytest.fixture
def put(results, monkeypatch):
    """Put a script into the folder that is worked in."""
    programs = Path(sys.executable).parent  # as if the environment were activated
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    def copy(name):
        shutil.copytree(SCRIPTS / name, ".", dirs_exist_ok=True)
        Path("expected.yaml").unlink()

    return copy


def written():
    (file,) = Path().glob("*/benchmark/*.yaml")
    return file.read_text(encoding="utf-8")


def commands(finished):
    lines = [line for line in finished.out.splitlines() if line.startswith(("Next", "Then"))]
    return [shlex.split(line.partition("python -m tunekit ")[2]) for line in lines]


def propose(tunekit, *lines):
    """The options that are proposed for a parser with these lines."""
    Path("one.py").write_text(BEGIN + "\n".join(lines) + "\nargs = parser.parse_args()\n", encoding="utf-8")
    finished = tunekit("init", "one.py")
    assert finished.status == 0, finished.err
    return yaml.safe_load(written())


@pytest.mark.parametrize("name", [*RUNS, *LACKS])
def test_a_script_is_read_as_it_is_proposed_here(name, put, tunekit):
    put(name)
    finished = tunekit("init", RUNS.get(name, "train.py"))
    assert finished.status == 0, finished.err
    assert written() == (SCRIPTS / name / "expected.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RUNS)
def test_what_is_proposed_runs_unchanged_by_the_command_that_is_printed(name, put, tunekit, results):
    put(name)
    first, _ = commands(tunekit("init", RUNS[name]))
    ran = tunekit(*first)
    assert ran.status == 0, ran.out + ran.err
    (metadata,) = results.metadata()
    assert metadata["status"] == "completed"
    assert (metadata["n_started"], metadata["n_failed"]) == (2, 0)
    assert metadata["n_reports"] == {"class_defaults": 4, "flags_and_lists": 4, "hf_arguments": 4, "hydra_app": 4,
                                     "options_in_a_module": 4, "absl_flags": 4}.get(name, 6)  # fmt: skip


@pytest.mark.parametrize("name", LACKS)
def test_what_could_not_be_found_is_said_and_refused_until_it_is_written(name, put, tunekit):
    put(name)
    line, option = LACKS[name]
    finished = tunekit("init", "train.py")
    assert finished.status == 0
    assert f"Not found, write it there in place of ???: {line}\n" in finished.err
    (first,) = commands(finished)
    refused = tunekit(*first)
    assert refused.status == 2
    assert f"{option} has to be given: it is ??? in an options file." in refused.err


def test_with_what_was_missing_it_runs(put, tunekit, results):
    put("typer_app")
    (first,) = commands(tunekit("init", "train.py"))
    assert tunekit(*first, "benchmark.space.data=here").status == 0
    assert results.metadata()[0]["n_reports"] == 4


def test_a_script_with_checkpoints_gets_the_folder_and_is_compared_early(put, tunekit, results):
    put("with_reporter")
    *_, first = commands(tunekit("init", "train.py"))
    ran = tunekit(*first, "benchmark.max_resource=3", "method=ASHA")
    assert ran.status == 0, ran.err
    assert results.metadata()[0]["n_failed"] == 0


def test_a_method_that_pauses_is_proposed_where_the_script_keeps_checkpoints(put, tunekit):
    put("mnist_style")
    script = Path("main.py")
    script.write_text(script.read_text() + "# torch.save(model, checkpoint)\n")
    _, then = commands(tunekit("init", "main.py"))
    assert "method=ASHA" in then


def test_the_second_command_that_is_printed_works_too(put, tunekit, results):
    put("mnist_style")
    _, then = commands(tunekit("init", "main.py"))
    assert "method=AUTO" in then  # it keeps no checkpoint, and what ASHA pauses would begin anew
    assert tunekit(*then, "stopping.max_num_trials_started=3").status == 0


def test_the_script_is_neither_run_nor_imported(tunekit):
    lines = ["parser.add_argument('--lr', type=float, default=0.1)", "open('ran', 'w').close()", "import helper"]
    Path("helper.py").write_text("open('imported', 'w').close()\n")
    propose(tunekit, *lines)
    assert not Path("ran").exists()
    assert not Path("imported").exists()
    assert "one" not in sys.modules


@pytest.mark.parametrize(
    ("argument", "entry"),
    [
        ("'--lr', type=float, default=1e-3", "loguniform(1e-05, 0.1)"),
        ("'--lr', type=float, default=0.1", "loguniform(0.01, 1)"),
        ("'--learning-rate', type=float", "loguniform(1e-05, 0.1)"),
        ("'--weight_decay', type=float, default=0", "loguniform(1e-06, 0.01)"),
        ("'--dropout', type=float, default=0.2", "uniform(0, 0.5)"),
        ("'--momentum', type=float, default=0.9", "reverseloguniform(0, 0.99)"),
        ("'--beta2', type=float, default=0.999", "reverseloguniform(0.99, 0.9999)"),
        ("'--batch-size', type=int, default=64", "lograndint(16, 256)"),
        ("'--num_layers', type=int, default=3", "randint(1, 6)"),
        ("'--anything', type=float, default=0.3", "loguniform(0.03, 3)"),
        ("'--optimizer', choices=['sgd', 'adam'], default='adam'", "choice(['adam', 'sgd'])"),
        ("'--nesterov', action='store_true'", "choice([False, True])"),
        ("'--bias', action=argparse.BooleanOptionalAction, default=True", "choice([True, False])"),
        ("'--units', type=int, nargs='+', default=[32]", "choice([[32], [16], [64]])"),
    ],
)
def test_a_domain_lies_around_the_default(argument, entry, results, tunekit):
    space = propose(tunekit, f"parser.add_argument({argument})")["space"]
    assert list(space.values()) == [entry]
    SearchSpace.parse(space)


@pytest.mark.parametrize(
    "argument",
    [
        "'--seed', type=int, default=1",
        "'--val-split', type=float, default=0.1",
        "'--num_workers', type=int, default=4",
        "'--device', choices=['cpu', 'cuda'], default='cpu'",
        "'--no-cuda', action='store_true'",
        "'--dataset', choices=['a', 'b']",
        "'--init_from', choices=['scratch', 'resume']",
        "'--lr', default=0.1",
        "'--warmup', type=bool, default=False",
        "'--lr', type=float, action='append'",
        "'-v', action='count', default=0",
        "'--optimizer', default='adam'",
        "'--anything', type=int, default=7",
    ],
)
def test_what_must_not_or_cannot_be_searched_is_a_comment(argument, results, tunekit):
    options = propose(tunekit, f"parser.add_argument({argument})", "parser.add_argument('-l', type=float, default=1.5)")
    assert options["space"] == {}


@pytest.mark.parametrize(
    ("default", "shown"),
    [
        ("1e-3 * 2", "0.002"),
        ("2 ** -5", "0.03125"),
        ("float(os.environ.get('LR', 0.5))", "0.5"),
        ("Config.lr", "0.25"),
        ("Config().lr", "0.25"),
        ("Config(lr=0.125).lr", "0.125"),
        ("Field.lr", "0.75"),
        ("SETTINGS['lr']", "0.0625"),
        ("SETTINGS.get('none', 0.5)", "0.5"),
        ("argparse.Namespace(lr=0.3).lr", "0.3"),
        ("nothing.known", "its default cannot be read"),
        ("twice", "2.5"),
        ("either", "its default cannot be read"),
        ("9 ** 9 ** 9", "its default cannot be read"),
        ("1 / 0", "its default cannot be read"),
        ("open('secret').read()", "its default cannot be read"),
    ],
)
def test_a_default_is_read_and_never_computed_by_the_script(default, shown, results, tunekit):
    propose(
        tunekit,
        "import os",
        "from dataclasses import dataclass, field",
        "class Config:",
        "    lr = 0.25",
        "@dataclass",
        "class Field:",
        "    lr: float = field(default=0.75, metadata={'help': 'x'})",
        "SETTINGS = {'lr': 0.0625}",
        "twice = 1.0",
        "twice = 2.5",
        "if os.name:",
        "    either = 1.5",
        "else:",
        "    either = 1.25",
        f"parser.add_argument('--lr', type=float, default={default})",
    )
    line = next(line for line in written().splitlines() if line.startswith("  lr: "))
    assert line.partition("  # ")[2] == (shown if " " in shown else f"{shown} by default")


@pytest.mark.parametrize(
    ("printed", "metric", "pattern", "line", "value"),
    [
        ("f'Epoch {e} val_loss {v:.4f}'", "val_loss", "min", "Epoch 1 val_loss 0.2500", "0.2500"),
        ("'acc: %.1f%%' % acc", "acc", "max", "acc: 93.5%", "93.5"),
        ("f'acc: {v:.1%} of all'", "acc", "max", "acc: 93.5% of all", "93.5"),
        ("'train_loss', t, 'loss', v", "loss", "min", "train_loss 0.5 loss 0.25", "0.25"),
        ("f'loss={v:8.3f}.'", "loss", "min", "loss=   0.250.", "0.250"),
        ("'F1 {:.2f} after {} s'.format(v, 3)", "f1", "max", "F1 0.25 after 3 s", "0.25"),
        ("json.dumps({'step': 1, 'rmse': v})", "rmse", "min", '{"step": 1, "rmse": 1e-05}', "1e-05"),
        ("{'eval_loss': v}", "eval_loss", "min", "{'eval_loss': nan}", "nan"),
        ("'(%.3f) error |' % v, 'test error', v", "test_error", "min", "(0.500) error | test error 0.25", "0.25"),
    ],
)
def test_a_value_is_found_in_what_is_printed_by_a_pattern_of_its_own(
    printed, metric, pattern, line, value, results, tunekit
):
    options = propose(tunekit, "parser.add_argument('--lr', type=float, default=0.1)", f"print({printed})")
    assert (options["metric"], options["mode"]) == (metric, pattern)
    assert re.search(options["metrics"][metric], line)[1] == value


@pytest.mark.parametrize(
    ("lines", "resource"),
    [
        (["for epoch in range(1, 4):", "    print(f'epoch {epoch} loss {x}')"], "epoch"),
        (["for epoch in range(3):", "    print(f'epoch {epoch + 1} loss {x}')"], "epoch"),
        (["for epoch, _ in enumerate(x, 1):", "    print(f'epoch {epoch} loss {x}')"], "epoch"),
        (["for epoch in range(3):", "    print(f'epoch {epoch} loss {x}')"], None),
        (["for epoch in range(first, 3):", "    print(f'epoch {epoch} loss {x}')"], None),
    ],
)
def test_a_counter_is_the_resource_where_it_counts_from_one(lines, resource, results, tunekit):
    options = propose(tunekit, "parser.add_argument('--lr', type=float, default=0.1)", *lines)
    assert options.get("resource") == resource


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("broken.py", "print(\n", "broken.py is not Python that can be read in line 1: '(' was never closed."),
        ("empty.py", "print(1)\n", "empty.py has no arguments that can be found. Read are argparse, click, typer, "),
        ("doc.py", "import docopt\n", "It imports docopt, whose arguments are not read."),
        ("deep.py", "x = " + "+".join(["f(1)"] * 2000) + "\n", "deep.py cannot be read: what is in it is nested too"),
        ("train.sh", "echo\n", "train.sh is not called like a program in Python"),
        ("nb.ipynb", "{}", "nb.ipynb is a notebook."),
        ("null.py", "\0", "null.py is not Python that can be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_type(file, text, words, results, tunekit):
    Path(file).write_text(text)
    refused = tunekit("init", file)
    assert refused.status == 2
    assert words in refused.err.replace("\n", " ")
    assert not Path("conf").exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ((), "`init` takes one script, and got none. Type: python -m tunekit init SCRIPT"),
        (("a.py", "b.py"), "`init` takes one script, and got 2: a.py b.py."),
        (("nothing.py",), "There is no file nothing.py."),
        (("one",), "There is no file one. Did you mean one.py?"),
        ((".",), ". is a folder: name the script in it that trains. In it are: one.py."),
        (("one.py", "name=a/b"), "name=a/b: a name has letters, digits, _ and - alone."),
        (("one.py", "name=fcnet"), "name=fcnet: a benchmark of that name is installed."),
        (("one.py", "--force"), "`init` has no flag '--force'."),
    ],
)
def test_what_is_typed_wrongly_is_told(typed, words, results, tunekit):
    Path("one.py").touch()
    refused = tunekit("init", *typed)
    assert refused.status == 2
    assert words in refused.err


def test_a_file_that_exists_is_not_overwritten(results, tunekit):
    propose(tunekit, "parser.add_argument('--lr', type=float, default=0.1)")
    before = written()
    refused = tunekit("init", "one.py")
    assert refused.status == 2
    assert "conf/benchmark/one.yaml exists, and is not overwritten." in refused.err
    assert "python -m tunekit init one.py name=one_2" in refused.err
    assert written() == before
    assert tunekit("init", "one.py", "name=one_2").status == 0
    assert Path("conf/benchmark/one_2.yaml").exists()


def test_strange_names_of_files_and_arguments_run(put, tunekit, results):
    Path("my {1} script.py").write_text(
        BEGIN + "parser.add_argument('--no', type=float, default=0.1)\nparser.add_argument('--lr', type=float)\n"
        "parser.add_argument('--größe', type=float, default=0.5)\n"
        "args = parser.parse_args()\nprint('loss:', args.lr)\n",
        encoding="utf-8",
    )
    first, _ = commands(tunekit("init", "my {1} script.py"))
    assert tunekit(*first).status == 0
    assert results.metadata()[0]["n_failed"] == 0


def test_help_teaches(tunekit):
    finished = tunekit("init", "--help")
    assert (finished.status, finished.err) == (0, "")
    assert "init src/train.py name=mine" in finished.out
    assert "init train.py" in tunekit("--help").out


def test_cfg_shows_what_an_options_file_leaves_open(put, tunekit):
    put("logs_elsewhere")
    tunekit("init", "train.py")
    shown = tunekit("--config-dir", "conf", "backend=local", "benchmark=train", "--cfg", "job").out
    assert yaml.safe_load(shown)["benchmark"]["metric"] == "???"


FLAGS = [
    # what is declared, the entry that is searched, what the command has for it
    (
        [
            "'--use-bn', action='store_true'",
            "'--no-use-bn', dest='use_bn', action='store_false'",
            "DEFAULT use_bn=True",
        ],
        {"use-bn": "choice([True, False])"},
        "{no_flags}",
    ),
    (["'--bias', action='store_true', default=True", "'--no-bias', dest='bias', action='store_false'"],
     {"bias": "choice([True, False])"}, "{no_flags}"),
    (["'--no-bias', dest='bias', action='store_false'", "'--bias', action='store_true'"],
     {"bias": "choice([True, False])"}, "{no_flags}"),
    (["'--bias', action='store_true'", "'--no-bias', dest='bias', action='store_const', const=False"],
     {"bias": "choice([False, True])"}, "{no_flags}"),
    (["'--no-bn', dest='bn', action='store_false'"], {"no-bn": "choice([False, True])"}, "{flags}"),
    (["'--nesterov', action='store_const', const=True"], {"nesterov": "choice([False, True])"}, "{flags}"),
    (["'--lr', type=float, default=1e-3", "DEFAULT lr=0.1"], {"lr": "loguniform(0.01, 1)"}, ""),
    (["DEFAULT lr=0.1", "'--lr', type=float"], {"lr": "loguniform(0.01, 1)"}, ""),
    (["DEFAULT lr=0.1", "'--lr', type=float, default=0.5"], {"lr": "loguniform(0.05, 5)"}, ""),
    (["'--lr', type=float, default=0.1", "'--learning-rate', dest='lr', type=float"],
     {"lr": "loguniform(0.01, 1)"}, ""),
]  # fmt: skip


def lines_of(declared):
    calls = [each if each.startswith("DEFAULT ") else f"add_argument {each}" for each in declared]
    return ["parser.{}({})".format(*each.replace("DEFAULT", "set_defaults").split(" ", 1)) for each in calls]


@pytest.mark.parametrize(("declared", "space", "passed"), FLAGS)
def test_each_value_of_a_flag_that_is_searched_reaches_the_script(declared, space, passed, results, tunekit):
    options = propose(tunekit, *lines_of(declared))
    assert options["space"] == space
    assert passed in options["command"]


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (["'--bias', action='store_true', default=True"], "bias (is True with the flag and without it)"),
        (["'--bias', action='store_true'", "DEFAULT bias=True"], "bias (is True with the flag and without it)"),
        (["DEFAULT bias=True", "'--bias', action='store_true'"], "bias (is True with the flag and without it)"),
        (["'--no-bn', dest='bn', action='store_false', default=False"],
         "no-bn (is False with the flag and without it)"),
        (["'--bn', action='store_false'"], "bn (is False with the flag, which has the same name)"),
        (["'--bias', action='store_true', default=known()"], "bias (its default cannot be read)"),
        (["'--bn', action='store_true'", "'--without-bn', dest='bn', action='store_false'"],
         "bn (is switched off by --without-bn)"),
        (["'--bn', action='store_true'", "'--no_bn', dest='bn', action='store_false'"],
         "bn (is switched off by --no_bn)"),
        (["'--cosine', dest='decay', action='store_const', const='c'",
          "'--anneal', dest='decay', action='store_const', const='a'"],
         "cosine (goes with --anneal, which sets the same), anneal (goes with --cosine, which sets the same)"),
    ],
)  # fmt: skip
def test_a_flag_whose_values_cannot_all_be_said_is_not_searched_and_it_is_said_why(declared, reason, results, tunekit):
    assert propose(tunekit, *lines_of(declared), "parser.add_argument('-l', type=float, default=1.5)")["space"] == {}
    assert reason in " ".join(written().replace("  # ", "").split())


@pytest.mark.parametrize(
    "lines",
    [
        ["add = parser.add_argument", "add('--lr', type=float, default=0.1)"],
        [LR, "parser.add_argument('rest', nargs=argparse.REMAINDER)"],
        [LR, "parser.add_argument('rest', nargs='...')"],
    ],
)
def test_what_is_found_is_all_that_the_script_needs(lines, results, tunekit):
    assert propose(tunekit, *lines)["space"] == {"lr": "loguniform(0.01, 1)"}


@pytest.mark.parametrize(
    ("option", "space"),
    [
        ("'--bias', is_flag=True", {"bias": "choice([False, True])"}),
        ("'use_bias', '--bias/--no-bias', default=True", {"bias": "choice([True, False])"}),
        ("'--bias', is_flag=True, default=True", {}),
        ("'--bias', is_flag=True, default=known()", {}),
        ("'--bias', 'bias', flag_value=False", {}),
        ("'--bias/--plain', default=True", {}),
        ("'-b', '--bias', is_flag=True", {"bias": "choice([False, True])"}),
    ],
)
def test_a_flag_of_click_is_searched_where_both_values_can_be_said(option, space, results, tunekit):
    Path("one.py").write_text(f"import click\n@click.command()\n@click.option({option})\ndef main(bias): ...\nmain()\n")
    assert tunekit("init", "one.py").status == 0
    assert yaml.safe_load(written())["space"] == space


def test_a_flag_is_not_said_to_be_passed_by_a_placeholder_that_changes_another(results, tunekit):
    propose(
        tunekit,
        "parser.add_argument('--bias', action=argparse.BooleanOptionalAction)",
        "parser.add_argument('--debug', action='store_true')",
    )
    assert "# debug: choice([False, True])  # False by default (does not go with {no_flags})\n" in written()


def test_flags_for_true_and_for_false_reach_the_script(tunekit, results):
    Path("one.py").write_text(
        BEGIN + "parser.add_argument('--use-bn', action='store_true')\n"
        "parser.add_argument('--no-use-bn', dest='use_bn', action='store_false')\n"
        "parser.add_argument('--nesterov', action='store_true')\n"
        "parser.set_defaults(use_bn=True)\n"
        "args = parser.parse_args()\nprint('loss:', 1 + 2 * args.use_bn + args.nesterov)\n"
    )
    first, _ = commands(tunekit("init", "one.py"))
    four = ["searcher=grid", *first[:-1], "stopping.max_num_trials_started=4"]
    assert tunekit(*four).status == 0
    (folder,) = results.folders()
    reported = load_experiment(folder).results
    assert sorted(reported["loss"]) == [1, 2, 3, 4]


EPOCHS = "parser.add_argument('--epochs', type=int, default=9)"
AGAIN = "in each epoch of several trainings, one after the other"
ONCE = "once, at its end"
LOOP = "for epoch in range(1, args.epochs + 1):"
EACH = "    print('epoch %d val_acc %.4f' % (epoch, v))"
TEST = "print(f'Test accuracy: {acc:.3f}')"


@pytest.mark.parametrize(
    ("lines", "metric", "often"),
    [
        ([LOOP, EACH, "    if epoch == args.epochs - 1:", f"        {TEST}"], "val_acc", "after each epoch"),
        ([LOOP, "    if epoch == args.epochs:", f"        {TEST}", EACH], "val_acc", "after each epoch"),
        ([LOOP, EACH, TEST], "val_acc", "after each epoch"),
        ([LOOP, "    print(f'test acc {acc}')", EACH], "val_acc", "after each epoch"),
        ([LOOP, EACH, "    print(f'test acc {acc}')"], "val_acc", "after each epoch"),
        ([LOOP, "    if epoch == args.epochs:", f"        {TEST}"], "test_accuracy", "once, at its end"),
        ([LOOP, "    if is_last:", f"        {TEST}"], "test_accuracy", "once, at its end"),
        (
            [LOOP, "    if epoch != args.epochs:", "        continue", f"    {TEST}"],
            "test_accuracy",
            "once, at its end",
        ),
        ([LOOP, "    pass", "else:", f"    {TEST}"], "test_accuracy", "once, at its end"),
        ([LOOP, "    if epoch % 5 == 0:", f"        {TEST}"], "test_accuracy", "in some epochs, under a condition"),
        ([LOOP, "    if acc > best:", f"        {TEST}"], "test_accuracy", "in some epochs, under a condition"),
        (
            [LOOP, "    if epoch % 5:", "        continue", f"    {TEST}"],
            "test_accuracy",
            "in some epochs, under a condition",
        ),
        ([LOOP, "    if args.verbose:", f"        {TEST}"], "test_accuracy", "after each epoch"),
        (
            ["def test(epoch):", "    if epoch == 9:", f"        {TEST}", LOOP, "    test(epoch)"],
            "test_accuracy",
            "once, at its end",
        ),
        (
            [LOOP, "    for i, x in enumerate(y):", "        if i == len(y) - 1:", f"            {TEST}"],
            "test_accuracy",
            "after each epoch",
        ),
        (["for e in range(5):", "    print('epoch', e, 'val_loss', v)"], "val_loss", "after each epoch"),
        (["for n in range(5):", "    print('val_loss', v)"], "val_loss", "in rounds of a loop"),
        (
            ["def test(epoch):", "    if epoch % 5:", "        return", f"    {TEST}", LOOP, "    test(epoch)"],
            "test_accuracy",
            "in some epochs, under a condition",
        ),
        (["for fold in folds:", f"    {LOOP}", f"    {EACH}"], "val_acc", AGAIN),
        (["for fold in folds:", f"    {LOOP}", "        print('loss', v)", "print('mean acc', m)"], "mean_acc", ONCE),
        (["for fold in folds:", f"    {LOOP}", f"    {EACH}", "print(f'mean val_acc {m}')"], "mean_val_acc", ONCE),
        (
            [LOOP, "    for step, x in enumerate(y):", "        print('val_loss', v)"],
            "val_loss",
            "several times in an epoch",
        ),
        ([LOOP, "    for x in y:", "        print('val_loss', v)"], "val_loss", "several times in an epoch"),
    ],
)
def test_how_often_a_metric_comes_is_read_from_its_loops_and_conditions(lines, metric, often, results, tunekit):
    options = propose(tunekit, LR, EPOCHS, "args = parser.parse_args()", *lines)
    assert options["metric"] == metric
    assert f": {often}.\n" in written().replace("\n# ", " ")
    assert ("max_resource" in options) is (often == "after each epoch")


def test_a_metric_that_is_printed_once_has_no_resource_and_no_early_comparison(results, tunekit):
    options = propose(
        tunekit, LR, EPOCHS, "args = parser.parse_args()", LOOP, "    print('epoch', epoch)",
        "    if epoch == args.epochs:", f"        {TEST}",
    )  # fmt: skip
    assert not {"resource", "max_resource", "max_resource_attr"} & set(options)
    assert options["metrics"].keys() == {"test_accuracy"}


@pytest.mark.parametrize(
    ("printed", "metric"),
    [
        ("f'Test accuracy: {val_acc:.4f}'", "test_acc"),
        ("'Test set: loss %.4f' % val_loss", "test_loss"),
        ("f'Validation loss: {test_loss:.4f}'", "validation_loss"),
        ("f'Validation loss: {val_loss:.4f}'", "val_loss"),
        ("f'Test: val_loss {v}'", "val_loss"),
    ],
)
def test_a_value_of_the_test_set_is_not_called_one_of_validation(printed, metric, results, tunekit):
    assert propose(tunekit, LR, f"print({printed})")["metric"] == metric


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf", "1e-06", "-3.5E+2", "0.25", "-7", "+1.5"])
def test_the_pattern_finds_every_form_of_a_number(value, results, tunekit):
    pattern = propose(tunekit, LR, "print('loss', v)")["metrics"]["loss"]
    assert re.search(pattern, f"loss {value}")[1] == value


def test_a_number_in_groups_is_not_taken_for_its_first_group(results, tunekit):
    Path("one.py").write_text(BEGIN + LR + "\nprint(f'loss {v:,.2f}')\n")
    tunekit("init", "one.py")
    assert yaml.safe_load(written())["metric"] == "???"


@pytest.mark.parametrize("name", ["--save-dir", "--out", "--output", "--outdir", "--logdir", "--ckpt", "--log_path"])
def test_a_folder_that_all_trials_would_share_is_told(name, results, tunekit):
    propose(tunekit, LR, f"parser.add_argument('{name}', default='./output')")
    assert f"add {name} {{checkpoint}} to the command: a folder of its own for each." in written().replace("\n# ", " ")


def test_a_file_that_all_trials_would_share_is_told(results, tunekit):
    propose(tunekit, LR, "parser.add_argument('--model-out', default='out/model.pt')")
    assert "add --model-out {checkpoint}/model.pt to the command: a file of its own" in written().replace("\n# ", " ")


@pytest.mark.parametrize("argument", ["'--data-path', default='./data'", "'--log-level', default='info'", "'--ckpt'"])
def test_what_is_read_or_no_folder_is_not_called_a_shared_folder(argument, results, tunekit):
    propose(tunekit, LR, f"parser.add_argument({argument})")
    assert "for all trials" not in written()


@pytest.mark.parametrize("name", ["--resume", "--checkpoint", "--ckpt", "--restore", "--resume_from"])
def test_an_argument_that_resumes_could_be_given_the_checkpoint(name, results, tunekit):
    propose(tunekit, LR, f"parser.add_argument('{name}', default=None)")
    assert f"# {name} is a checkpoint to go on from. {{checkpoint}}, the folder of the trial's" in written()


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("train.sh", "'bash train.sh {lr}'"),
        ("train.R", "'Rscript train.R {lr}'"),
        ("train.jl", "'julia train.jl {lr}'"),
        ("train.pl", "'PROGRAM train.pl {lr}'"),
    ],
)
def test_a_script_in_another_language_gets_the_command_that_runs_it(file, command, results, tunekit):
    Path(file).touch()
    assert f"benchmark.command={command}" in tunekit("init", file).err.replace("\n", " ")


SETTINGS = """
data: /data/x
seed: 1
optim: {lr: 1e-3, name: adam, nesterov: true, betas: [0.9, 0.999]}
model: {hidden: [64, 64], dropout: 0.1, pretrained: null}
epochs: 3
"""
OF_FILE = {
    "optim.lr": "loguniform(1e-05, 0.1)",
    "optim.nesterov": "choice([True, False])",
    "model.hidden": "choice([[64, 64], [32, 32], [128, 128]])",
    "model.dropout": "uniform(0, 0.5)",
}


@pytest.mark.parametrize(
    ("argument", "reads", "file", "typed"),
    [
        (
            "'--config', required=True",
            "yaml.safe_load(open(args.config))",
            "config.yaml",
            "--config {yaml:config.yaml}",
        ),
        ("'-c', '--cfg', default='a.yml'", "OmegaConf.load(args.cfg)", "a.yml", "--cfg {yaml:a.yml}"),
        ("'--config', default='a.yaml'", "none", "a.yaml", "--config {yaml:a.yaml}"),
        ("'config'", "load(args.config)", "configs/a.yaml", "{yaml:configs/a.yaml}"),
        ("'-c', dest='config'", "json.loads(Path(args.config).read_text())", "a.json", "-c {json:a.json}"),
        ("'--spec', required=True", "json.load(open(args.spec))", "a.json", "--spec {json:a.json}"),
    ],
)
def test_the_entries_of_a_file_of_settings_are_searched(argument, reads, file, typed, results, tunekit):
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(json.dumps(yaml.safe_load(SETTINGS.replace("1e-3", "0.001"))) if "json" in file else SETTINGS)
    options = propose(
        tunekit, "import json, yaml", "from pathlib import Path", "from omegaconf import OmegaConf", "def load(path):",
        "    return yaml.load(open(path), yaml.Loader)", f"parser.add_argument({argument})",
        "args = parser.parse_args()", f"settings = {reads}", f"print('loss', {reads})",
    )  # fmt: skip
    assert options["command"] == f"python -u one.py {typed}"
    assert options["space"] == OF_FILE
    assert "# optim.name: adam\n" in written()
    assert "# data: /data/x\n" in written()
    assert "optim.betas (takes several values), model.pretrained." in written().replace("\n  # ", " ")


def test_an_entry_that_an_argument_may_go_over_is_told(results, tunekit):
    Path("a.yaml").write_text("lr: 0.1\nwd: 0.01\n")
    options = propose(tunekit, LR, "parser.add_argument('--config', default='a.yaml')")
    assert set(options["space"]) == {"lr", "wd"}
    assert "# lr of a.yaml: the script has an argument of that name as well" in written()


def test_a_group_of_which_one_has_to_be_given_is_told(results, tunekit):
    lines = ["group = parser.add_mutually_exclusive_group(required=True)", "group.add_argument('--a')"]
    propose(tunekit, LR, *lines, "group.add_argument('--b')")
    assert "# One argument of a group has to be given (one.py, line 4)" in written()


def test_a_switch_of_tyro_without_a_default_is_passed_with_its_value(results, tunekit):
    Path("one.py").write_text(
        "import tyro\nfrom dataclasses import dataclass\n@dataclass\nclass Options:\n    bias: bool\n"
        "tyro.cli(Options)\nprint('loss', 1)\n"
    )
    assert tunekit("init", "one.py").status == 0
    assert yaml.safe_load(written())["command"] == "python -u one.py {arguments}"


def test_a_flag_of_typer_that_is_true_by_default_is_not_searched(results, tunekit):
    Path("one.py").write_text(
        "import typer\ndef main(lr: float = 0.1, bias: bool = typer.Option(True, '--bias')):\n    print('loss', 1)\n"
        "typer.run(main)\n"
    )
    assert tunekit("init", "one.py").status == 0
    assert set(yaml.safe_load(written())["space"]) == {"lr"}


def test_a_click_option_that_names_a_file_of_settings_is_found(results, tunekit):
    Path("config.yaml").write_text(SETTINGS)
    Path("one.py").write_text(
        "import click, yaml\n@click.command()\n@click.option('--config', type=click.Path(), required=True)\n"
        "def main(config):\n    with open(config) as file:\n        print('loss', yaml.safe_load(file))\nmain()\n"
    )
    assert tunekit("init", "one.py").status == 0
    assert yaml.safe_load(written())["space"] == OF_FILE


def test_a_script_that_reads_a_file_runs_with_what_is_set_in_it(put, tunekit, results):
    Path("config.yaml").write_text(SETTINGS)
    Path("one.py").write_text(
        BEGIN + "import yaml\nparser.add_argument('--config', required=True)\n"
        "parser.add_argument('--lr', type=float, default=None)\nparser.add_argument('--shuffle', action='store_true')\n"
        "args = parser.parse_args()\nsettings = yaml.safe_load(open(args.config))\n"
        "assert settings['data'] == '/data/x'\nassert not args.shuffle\n"
        "for epoch in range(1, settings['epochs'] + 1):\n"
        "    print('epoch', epoch, 'loss', args.lr + settings['model']['hidden'][1] + settings['optim']['nesterov'])\n"
    )
    first, _ = commands(tunekit("init", "one.py"))
    options = yaml.safe_load(written())
    assert set(options["space"]) == {"lr", "optim.nesterov", "model.hidden", "model.dropout"}
    assert (options["max_resource"], options["max_resource_attr"]) == (3, "epochs")
    assert tunekit(*first).status == 0
    assert results.metadata()[0]["n_reports"] == 6


@pytest.mark.parametrize("files", [[], ["a.yaml", "b.yaml"]])
def test_a_file_of_settings_that_is_not_known_is_said(files, results, tunekit):
    for file in files:
        Path(file).write_text(SETTINGS)
    Path("one.py").write_text(
        BEGIN + "import yaml\nparser.add_argument('--config', required=True)\n"
        "args = parser.parse_args()\nprint('loss', yaml.safe_load(open(args.config)))\n"
    )
    said = tunekit("init", "one.py").err.replace("\n", " ")
    assert "config is a file that the script reads. To search what stands in yours, write --config {yaml:FILE}" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("wd: [0.1", "a.yaml cannot be read: "),
        ("1: 3", "a.yaml has the key 1, of which no copy is made: put it in quotes"),
        ("a: [2020-01-01]", "a.yaml has the value 2020-01-01, of which no copy is made"),
        ("[1, 2]", "config is a file that the script reads."),
        ("", "config is a file that the script reads."),
    ],
)
def test_a_file_of_settings_that_cannot_be_copied_is_left_to_the_script(text, words, results, tunekit):
    Path("a.yaml").write_text(text)
    options = propose(tunekit, LR, "parser.add_argument('--config', default='a.yaml')")
    assert options["command"] == "python one.py {arguments}"
    assert words in written().replace("\n# ", " ")


def test_a_file_of_data_is_no_file_of_settings(results, tunekit):
    Path("data.json").write_text('{"n": 0.5}')
    lines = ["parser.add_argument('--train-data', default='data.json')", "args = parser.parse_args()", "import json"]
    options = propose(tunekit, LR, *lines, "data = json.load(open(args.train_data))")
    assert set(options["space"]) == {"lr"}


OPTIONS = BEGIN + "parser.add_argument('--lr', type=float, default=0.1)\n"


@pytest.mark.parametrize(
    ("script", "imports", "command"),
    [
        ("some/package/train.py", "from ..options import parser", "-m some.package.train"),
        ("some/__main__.py", "from .options import parser", "-m some"),
        ("some/package/train.py", "from some.options import parser", "-m some.package.train"),
        ("some/train.py", "from options import parser", "some/train.py"),
        (
            "some/train.py",
            "import sys; sys.path.append('.'); import other; from options import parser",
            "some/train.py",
        ),
    ],
)
def test_a_module_of_a_package_is_run_as_one(script, imports, command, put, tunekit, results):
    Path("some/package").mkdir(parents=True)
    Path("some/options.py").write_text(OPTIONS)
    Path("other.py").touch()
    Path(script).write_text(f"{imports}\nargs = parser.parse_args()\nprint('loss', args.lr)\n")
    first, _ = commands(tunekit("init", script, "name=mine"))
    assert yaml.safe_load(written())["command"] == f"python -u {command} {{arguments}}"
    assert tunekit(*first).status == 0
    assert results.metadata()[0]["n_reports"] == 2
