"""Which files make up a program, under which names, and when they have changed."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunekit.sources import Sources, sources_of, told
from tunekit_core import ConfigurationError, Script, create


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return folder


def write(files, folder=Path()):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def names(command, **fields):
    return list(sources_of(Script(tuple(command.split()), **fields)).digests)


COMMANDS = {
    "python": ("python train.py", ["train.py", "lib.py"]),
    "options of python": ("python -u -W ignore -Xdev -B sub/train.py", ["sub/train.py"]),
    "arguments": ("python train.py --lr 0.1 nothing", ["train.py", "lib.py"]),
    "called a little like an interpreter": ("./pythontrain", ["pythontrain", "lib.py"]),
    "interpreter by its path": (f"{sys.executable} train.py", ["train.py", "lib.py"]),
    "script without a suffix": ("python noname", ["noname", "lib.py"]),
    "executable script": ("./go", ["go", "lib.py"]),
    "shell script": ("bash run.sh", ["run.sh"]),
    "R": ("Rscript train.R", ["train.R"]),
    "env": ("env X=1 Y=2 python train.py", ["train.py", "lib.py"]),
    "nice": ("nice -n 5 python3.11 train.py", ["train.py", "lib.py"]),
    "torchrun": ("torchrun --nproc_per_node 2 train.py", ["train.py", "lib.py"]),
    "torchrun, module": ("torchrun --nproc_per_node 2 -m package.train", ["package/train.py", "package/__init__.py"]),
    "accelerate": ("accelerate launch --config_file a.yaml train.py", ["a.yaml", "train.py", "lib.py"]),
    "module": ("python -m package.train", ["package/train.py", "package/__init__.py"]),
    "module, glued": ("python -mpackage.train", ["package/train.py", "package/__init__.py"]),
    "module after a flag": ("python -um package.train", ["package/train.py", "package/__init__.py"]),
    "module that is a package": (
        "python -m package",
        ["package/__main__.py", "package/__init__.py", "package/train.py"],
    ),
    "module that is installed": ("python -m torch.distributed.run train.py", ["train.py", "lib.py"]),
    "module that does not exist": ("python -m nothing.here", []),
    "folder": ("python sub", ["sub/__main__.py", "sub/near.py"]),
    "standard input": ("python -", []),
    "container": ("apptainer exec image.sif python train.py", ["image.sif", "train.py", "lib.py"]),
    "compiled": ("./compiled --data data.bin", ["compiled", "data.bin"]),
    "file behind an option": ("python train.py --config a.yaml", ["train.py", "a.yaml", "lib.py"]),
    "file behind =": ("python train.py --config=a.yaml", ["train.py", "a.yaml", "lib.py"]),
    "twice": ("python train.py train.py ./train.py", ["train.py", "lib.py"]),
    "folders are no files": ("python train.py package /tmp .", ["train.py", "lib.py"]),
    "program on the PATH": ("train.py", []),
    "other names for the same folder": ("python ../project/sub/../train.py", ["train.py", "lib.py"]),
    "device": ("python train.py /dev/null", ["train.py", "lib.py"]),
}


@pytest.mark.parametrize(("command", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_files_that_a_command_names(command, expected):
    write(
        {
            "train.py": "import lib",
            "lib.py": "",
            "noname": "import lib",
            "go": "#!/usr/bin/env python3\nimport lib",
            "pythontrain": "#!/usr/bin/python\nimport lib",
            "run.sh": "python train.py",
            "train.R": "",
            "a.yaml": "",
            "image.sif": b"\0\1",
            "compiled": b"\x7fELF\0",
            "data.bin": b"\0",
            "package/__init__.py": "",
            "package/train.py": "",
            "package/__main__.py": "from . import train",
            "sub/train.py": "",
            "sub/__main__.py": "import near",
            "sub/near.py": "",
            "unrelated.py": "",
        }
    )
    assert names(command) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("python", "-c", "import lib; lib.run()"), ["lib.py"]),
        (("python", "-cimport lib"), ["lib.py"]),
        (("python", "-c", "not python"), []),
        (("bash", "-c", "python train.py --config a.yaml"), ["train.py", "a.yaml", "lib.py"]),
        (("bash", "-lc", "cd .;python train.py&&echo done"), ["train.py", "lib.py"]),
        (("sh", "-c", "python 'train.py"), []),
        (("python", "my script.py"), ["my script.py"]),
        (("python", "train.py", "--text", "a" * 5000, "a\0b", ""), ["train.py", "lib.py"]),
    ],
)
def test_words_of_a_command_may_be_anything(command, expected):
    write({"train.py": "import lib", "lib.py": "", "a.yaml": "", "my script.py": ""})
    assert list(sources_of(Script(command)).digests) == expected


def test_what_is_installed_is_no_source(tmp_path):
    environment = write(
        {
            ".venv/bin/python": "",
            ".venv/bin/torchrun": "#!python\nimport lib",
            ".venv/bin/bash": "",
            ".venv/lib/python3.11/site-packages/x.py": "",
            "train.py": "import lib",
            "lib.py": "",
            "bin/own": b"\0",
        }
    )
    assert environment == Path()
    for program in (".venv/bin/python", ".venv/bin/torchrun", "/usr/bin/env", f"{Path.cwd()}/.venv/bin/bash"):
        assert names(f"{program} train.py") == ["train.py", "lib.py"]
    assert names("bin/own train.py") == ["bin/own", "train.py", "lib.py"]


def test_a_program_runs_in_its_folder(tmp_path):
    write({"train.py": "import lib", "lib.py": ""}, tmp_path / "elsewhere")
    assert names("python train.py", folder=tmp_path / "elsewhere") == ["train.py", "lib.py"]
    assert names("python train.py") == []


def test_names_do_not_depend_on_where_the_program_lies(tmp_path):
    files = {
        "sub/train.py": "import near\nfrom package import inner",
        "sub/near.py": "",
        "libraries/package/__init__.py": "",
        "libraries/package/inner.py": "",
        "a.yaml": "",
    }
    for name in ("one", "other"):
        write(files, tmp_path / name)
    folder = {"environment": {"PYTHONPATH": "libraries"}}
    one, other = (
        sources_of(Script(("python", "sub/train.py", "a.yaml"), folder=tmp_path / name, **folder))
        for name in ("one", "other")
    )
    assert list(one.digests) == [
        "sub/train.py",
        "a.yaml",
        "sub/near.py",
        "libraries/package/__init__.py",
        "libraries/package/inner.py",
    ]
    assert one.digests == other.digests


def test_names_outside_of_the_folder_of_the_program_are_relative_to_where_modules_are_looked_for(tmp_path):
    write({"train.py": "from package import inner"})
    write({"package/__init__.py": "", "package/inner.py": "", "package/deep/run.py": ""}, tmp_path / "shared")
    write({"run.py": "", "../up.py": ""})
    environment = {"PYTHONPATH": str(tmp_path / "shared")}
    assert names("python train.py", environment=environment) == [
        "train.py",
        "package/__init__.py",
        "package/inner.py",
    ]
    assert names("python ../up.py") == ["up.py"]
    assert names("python train.py ../up.py") == ["train.py", "up.py"]


def test_two_files_with_one_name_are_both_counted(tmp_path):
    write({"train.py": ""})
    write({"train.py": "2"}, tmp_path / "other")
    other = tmp_path / "other" / "train.py"
    assert names(f"python train.py {other}") == ["train.py", str(other)]


def test_a_script_by_its_absolute_path_has_the_same_names_from_every_folder(tmp_path, monkeypatch):
    write({"package/__init__.py": "", "package/train.py": "import near", "package/near.py": ""}, tmp_path / "installed")
    script = Script((sys.executable, str(tmp_path / "installed" / "package" / "train.py")))
    found = []
    for folder in (".", tmp_path, tmp_path / "installed", tmp_path / "installed" / "package", "/"):
        monkeypatch.chdir(folder)
        found.append(list(sources_of(script).digests))
    assert found == [["package/train.py", "package/near.py"]] * 5


@pytest.mark.parametrize("benchmark", ["mlp_digits", "checkpoint_example", "height"])
def test_the_script_of_a_plugin_is_named_from_the_root_of_its_package(benchmark):
    pytest.importorskip("torch")
    sources = sources_of(create("benchmark", benchmark).script())
    assert list(sources.digests) == [f"tunekit_benchmarks/{benchmark}/script.py"]


def test_a_link_leads_to_the_modules_beside_its_target(tmp_path):
    write({"train.py": "import near", "near.py": ""}, tmp_path / "real")
    Path("train.py").symlink_to(tmp_path / "real" / "train.py")
    write({"near.py": "not this one"})
    assert names("python train.py") == ["train.py", "near.py"]
    assert sources_of(Script(("python", "train.py"))).files[1].path == str(tmp_path / "real" / "near.py")


def test_the_folder_above_a_link_is_that_above_its_target(tmp_path):
    write({"train.py": "", "sub/x": "", "libraries/a.py": ""}, tmp_path / "real")
    write({"train.py": "not this one", "libraries/a.py": "nor this one"})
    Path("link").symlink_to(tmp_path / "real" / "sub")
    write({"go.py": "import a"})
    assert sources_of(Script(("python", "link/../train.py"))).files[0].path == str(tmp_path / "real" / "train.py")
    assert sources_of(Script(("x",), sources=(Path("link/../train.py"),))).files[0].path == str(
        tmp_path / "real" / "train.py"
    )
    found = sources_of(Script(("python", "go.py"), environment={"PYTHONPATH": "link/../libraries"}))
    assert found.files[1].path == str(tmp_path / "real" / "libraries" / "a.py")


def test_names_below_a_folder_that_is_a_link_are_relative_to_it(tmp_path):
    write({"train.py": "import near", "near.py": ""}, tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert names("python train.py", folder=tmp_path / "link") == ["train.py", "near.py"]


def test_every_name_is_text_that_a_file_can_hold():
    name = os.fsdecode(b"tr\xffain.py")
    Path(name).write_text("")
    assert list(sources_of(Script(("python", name))).digests) == [r"tr\xffain.py"]


def test_digests_are_those_of_the_content():
    write({"train.py": "print(1)\n"})
    assert sources_of(Script(("python", "train.py"))).digests == {"train.py": "cc42155088fca573"}


def test_a_large_file_counts_by_size_and_time():
    with open("image.sif", "wb") as file:
        file.truncate(2**24 + 1)
    os.utime("image.sif", ns=(0, 1_700_000_000_000_000_000))
    script = Script(("apptainer", "exec", "image.sif"))
    sources = sources_of(script)
    assert sources.digests == {"image.sif": "16777217 bytes, 1700000000000000000"}
    os.utime("image.sif", ns=(0, 1_700_000_000_000_000_001))
    assert sources.changed() == ["image.sif"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_counts_by_size_and_time():
    write({"secret": "abc"})
    os.chmod("secret", 0)
    os.utime("secret", ns=(0, 5))
    assert sources_of(Script(("cat", "secret"))).digests == {"secret": "3 bytes, 5"}


PROJECT = {"train.py": "import lib", "lib.py": "a = 1\n", "a.yaml": "b: 1", "unrelated.py": ""}


def test_nothing_has_changed_at_first():
    write(PROJECT)
    assert sources_of(Script(("python", "train.py", "a.yaml"))).changed() == []


@pytest.mark.parametrize("name", ["train.py", "lib.py", "a.yaml"])
def test_an_edit_of_a_source_changes_it_alone(name):
    write(PROJECT)
    script = Script(("python", "train.py", "a.yaml"))
    before = sources_of(script)
    Path(name).write_text(PROJECT[name] + "#")
    after = sources_of(script)
    assert before.changed() == [name]
    assert after.changed() == []
    assert [each for each in before.digests if after.digests[each] != before.digests[each]] == [name]


def test_an_edit_of_another_file_changes_nothing():
    write(PROJECT)
    script = Script(("python", "train.py", "a.yaml"))
    before = sources_of(script)
    write({"unrelated.py": "edited", "new.py": "", "sub/lib.py": ""})
    assert before.changed() == []
    assert sources_of(script) == before


@pytest.mark.parametrize("age", [0, 100])
def test_an_edit_of_the_same_size_in_the_same_instant_is_seen(age):
    """Editors and tools set times back, and a clock has steps."""
    write({"train.py": "a = 1"})
    then = time.time_ns() - age * 10**9
    os.utime("train.py", ns=(then, then))
    sources = sources_of(Script(("python", "train.py")))
    Path("train.py").write_text("a = 2")
    os.utime("train.py", ns=(then, then))
    assert sources.changed() == ["train.py"]


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_times_has_changed():
    write({"train.py": "a = 1", "new.py": "a = 2"})
    for name in ("train.py", "new.py"):
        os.utime(name, ns=(5, 5))
    sources = sources_of(Script(("python", "train.py")))
    os.replace("new.py", "train.py")
    assert sources.changed() == ["train.py"]


def test_a_touch_is_no_edit():
    write(PROJECT)
    sources = sources_of(Script(("python", "train.py")))
    os.utime("train.py", ns=(1, 1))
    shutil.copy("lib.py", "copy.py")
    os.replace("copy.py", "lib.py")
    assert sources.changed() == []


def test_an_edit_that_was_taken_back_is_none():
    write(PROJECT)
    sources = sources_of(Script(("python", "train.py")))
    write({"lib.py": "a = 2\n"})
    assert sources.changed() == ["lib.py"]
    write({"lib.py": PROJECT["lib.py"]})
    assert sources.changed() == []


def test_a_file_that_is_gone_has_changed():
    write(PROJECT)
    sources = sources_of(Script(("python", "train.py")))
    Path("lib.py").unlink()
    assert sources.changed() == ["lib.py"]
    Path("lib.py").mkdir()
    assert sources.changed() == ["lib.py"]


def test_a_file_that_has_not_changed_for_a_while_is_read_once(monkeypatch):
    write({"train.py": "a = 1"})
    script = Script(("python", "train.py"))
    monkeypatch.setattr("tunekit.sources.content.TICK", -(10**18))  # whatever is on the disk is old enough
    first = sources_of(script)
    monkeypatch.setattr("tunekit.sources.content.open", None, raising=False)  # a file that is opened raises an error
    for _ in range(3):
        assert sources_of(script) == first
        assert first.changed() == []


LISTED = {
    "train.py": "import lib",
    "lib.py": "",
    "src/a.py": "",
    "src/deep/b.txt": "",
    "src/.hidden": "",
    "src/__pycache__/a.pyc": "",
    "results/default/x.json": "",
}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([], []),
        (["train.py"], ["train.py"]),
        (["src"], ["src/a.py", "src/deep/b.txt"]),
        (["src/", "./train.py", "src/a.py"], ["src/a.py", "src/deep/b.txt", "train.py"]),
        (["."], ["lib.py", "src/a.py", "src/deep/b.txt", "train.py"]),
        (["src/.hidden"], ["src/.hidden"]),
    ],
)
def test_the_script_may_say_what_its_sources_are(sources, expected):
    write(LISTED)
    script = Script(("python", "train.py"), sources=tuple(map(Path, sources)))
    assert list(sources_of(script, results_dir=Path("results")).digests) == expected


def test_sources_are_relative_to_the_folder_of_the_program(tmp_path):
    write({"src/a.py": "", "b.py": ""}, tmp_path / "elsewhere")
    fields = {"folder": tmp_path / "elsewhere", "sources": (Path("src"), tmp_path / "elsewhere" / "b.py")}
    assert names("python b.py", **fields) == ["src/a.py", "b.py"]


def test_folders_that_contain_each_other_by_links_end(tmp_path):
    write({"src/a.py": "", "src/sub/b.py": ""})
    Path("src/sub/back").symlink_to(Path("src").absolute())
    Path("src/nowhere").symlink_to("nothing")
    assert names("python a.py", sources=(Path("src"),)) == ["src/a.py", "src/sub/b.py"]


def test_sources_that_do_not_exist_are_refused():
    with pytest.raises(
        ConfigurationError, match=r"benchmark\.sources: there is no file or folder .*/nothing\. Type"
    ) as e:
        names("python train.py", sources=(Path("nothing"),))
    assert (e.value.option, e.value.value) == ("benchmark.sources", "nothing")


def test_a_folder_that_cannot_be_read_is_refused(monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    write({"src/a.py": ""})
    monkeypatch.setattr("os.listdir", refuse)
    with pytest.raises(
        ConfigurationError, match=r"benchmark\.sources: .*/src cannot be read: Permission denied\. Type"
    ):
        names("python train.py", sources=(Path("src"),))


def test_a_pipe_is_no_source():
    os.mkfifo("pipe")
    assert names("python train.py pipe") == []
    with pytest.raises(ConfigurationError, match="there is no file or folder"):
        names("python train.py", sources=(Path("pipe"),))
    write({"src/a.py": ""})
    os.rename("pipe", "src/pipe")
    assert names("python train.py", sources=(Path("src"),)) == ["src/a.py"]


def test_more_sources_than_any_program_has_are_refused(monkeypatch):
    write({f"src/{number}": "" for number in range(4)})
    monkeypatch.setattr("tunekit.sources.collected.MANY", 3)
    with pytest.raises(
        ConfigurationError, match=r"more than 3 source files, src/3 among them\. Type benchmark\.sources="
    ):
        names("python train.py", sources=(Path("src"),))


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ([], "Sources: none. An edit of the program will not be noticed."),
        (["a"], "Sources: a."),
        (["a", "b"], "Sources: a and b."),
        (["a", "b", "c"], "Sources: a, b and c."),
        (["a", "b", "c", "d"], "Sources: a, b and 2 more."),
        (["a\x1b[2J\n"], r"Sources: 'a\x1b[2J\n'."),
    ],
)
def test_a_line_names_the_sources(files, line):
    for name in files:
        Path(name).write_text("")
    sources = sources_of(Script(("x",), sources=tuple(map(Path, files))))
    assert isinstance(sources, Sources)
    assert told(sources.digests) == line


SHOW = """
import json
from pathlib import Path
from tunekit.sources import sources_of, told
from tunekit_core import Script

sources = sources_of(Script(("python", "train.py")))
print(json.dumps(sources.digests), told(sources.digests))
"""


def test_sources_are_the_same_in_every_process():
    write({"train.py": "from package import *", "package/__init__.py": f"__all__ = {[f'm{i}' for i in range(9)]}"})
    write({f"package/m{number}.py": f"from . import m{(number + 4) % 9}, other" for number in range(9)})
    lines = {
        subprocess.run(
            [sys.executable, "-c", SHOW],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(lines) == 1
    assert lines.pop().count("package/m") >= 9


def test_looking_for_sources_loads_nothing_heavy():
    code = (
        "import sys, tunekit.sources\n"
        "print(sorted({'pandas', 'torch', 'hydra', 'omegaconf', 'scipy', 'rich', 'matplotlib'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown == "[]\n"
