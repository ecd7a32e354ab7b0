"""Which local modules a program imports, found by reading; in the end compared with what Python itself loads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tunekit.sources import sources_of
from tunekit_core import Script


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return tmp_path


def write(files, folder=Path()):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def names(*command, **environment):
    return sorted(sources_of(Script(command, environment=environment)).digests)


PACKAGE = {"p/__init__.py": "", "p/a.py": "", "p/b.py": "", "p/q/__init__.py": "", "p/q/c.py": "", "other.py": ""}
P, A, B, Q, C = "p/__init__.py", "p/a.py", "p/b.py", "p/q/__init__.py", "p/q/c.py"
IMPORTS = {
    "a module": ("import other", ["other.py"]),
    "a package": ("import p", [P]),
    "a submodule": ("import p.q.c as name", [P, Q, C]),
    "several": ("import p.a, other", [P, A, "other.py"]),
    "from a package": ("from p import a, b as name", [P, A, B]),
    "from a module": ("from p.a import function", [P, A]),
    "from a package, no module": ("from p import function", [P]),
    "all of a module": ("from p.a import *", [P, A]),
    "in parentheses": ("from p import (\n    a,\n    b,\n)", [P, A, B]),
    "in a function": ("def f():\n    import p.a", [P, A]),
    "in a coroutine": ("async def f():\n    async with x:\n        import p.a", [P, A]),
    "in a class": ("class K:\n    def f(self):\n        from p import a", [P, A]),
    "under a condition": ("if False:\n    pass\nelif x:\n    import p.a\nelse:\n    import p.b", [P, A, B]),
    "in a loop": ("for x in y:\n    import p.a\nelse:\n    while 1:\n        import p.b", [P, A, B]),
    "where it may fail": (
        "try:\n    import p.a\nexcept ImportError:\n    import p.b\nfinally:\n    import other",
        [P, A, B, "other.py"],
    ),
    "in a match": ("match x:\n    case 1:\n        import p.a", [P, A]),
    "for type checkers": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.a", [P, A]),
    "import_module": ("import importlib\nx = importlib.import_module('p.a')", [P, A]),
    "import_module by its own name": ("from importlib import import_module\nf(g=[import_module('p.a')])", [P, A]),
    "import_module with a package": ("import importlib\nimportlib.import_module('..a', 'p.q')", [P, A]),
    "__import__": ("__import__('p.a')", [P, A]),
    "a computed name": ("import importlib\nimportlib.import_module(name)\n__import__('p' + x)\nimport_module()", []),
    "what is not there": ("import p.nothing.a\nfrom nothing import a\nimport p.a.b", [P, A]),
    "what is installed": ("import numpy, os.path\nfrom json import decoder", []),
    "relative, in no package": ("from . import other\nfrom .p import a", []),
    "text and comments": ("'import p.a'\n# import p.b\nx = '''\nimport other\n'''", []),
    "with other ends of lines": ("import p.a\r\nimport p.b\r\n", [P, A, B]),
    "in another encoding": ("# -*- coding: latin-1 -*-\nx = 'é'\nimport p.a".encode("latin-1"), [P, A]),
    "after a byte order mark": (b"\xef\xbb\xbfimport p.a", [P, A]),
    "an error of syntax": ("import p.a\ndef", []),
    "a zero byte": (b"import p.a\0", []),
    "bytes that are no text": (b"import p.a\n\xff", []),
    "an unknown encoding": ("# coding: nothing\nimport p.a", []),
    "an invalid escape": (r"x = '\d'" "\nimport p.a", [P, A]),
    "nested too deep": ("(" * 100_000, []),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("text", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_a_script_imports(text, expected):
    write({**PACKAGE, "train.py": text})
    assert names("python", "train.py") == sorted([*expected, "train.py"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from . import c", [C]),
        ("from .c import x", [C]),
        ("from .. import a", [A]),
        ("from ..a import x", [A]),
        ("from ..q import c", [C]),
        ("from ... import a", []),
        ("import a", []),
        ("import importlib\nimportlib.import_module('.c', __package__)", [C]),
        ("import importlib\nimportlib.import_module('..a', package=__name__)", [A]),
    ],
)
def test_a_package_imports(text, expected):
    write({**PACKAGE, Q: text, "train.py": "import p.q"})
    assert names("python", "train.py") == sorted({*expected, P, Q, "train.py"})


def test_relative_imports_of_a_module_begin_at_its_package():
    write({**PACKAGE, C: "from . import d\nfrom .. import a", "p/q/d.py": "", "train.py": "import p.q.c"})
    assert names("python", "train.py") == sorted([P, Q, C, A, "p/q/d.py", "train.py"])


def test_an_import_may_begin_at_the_name_of_a_module():
    write({**PACKAGE, C: "import importlib\nimportlib.import_module('..d', __name__)", "p/q/d.py": ""})
    write({"train.py": "import p.q.c"})
    assert names("python", "train.py") == sorted([P, Q, C, "p/q/d.py", "train.py"])


@pytest.mark.parametrize(
    "text", ["import_module('')", "import_module('.')", "import_module('a..b')", "__import__('a.')"]
)
def test_names_that_no_module_can_have(text):
    write({"train.py": f"from importlib import import_module\n{text}", ".so": "", ".hidden.so": "", "a/.so": ""})
    assert names("python", "train.py") == ["train.py"]
    assert names("python", "-m", "") == names("python", "-m", ".") == names("python", "-m") == []


def test_a_star_imports_the_modules_that_a_package_offers():
    write({**PACKAGE, P: "__all__ = ['a']\n__all__ += ('q',)", "train.py": "from p import *"})
    assert names("python", "train.py") == sorted([P, A, Q, "train.py"])
    write({"train.py": "import p"})
    assert names("python", "train.py") == sorted([P, "train.py"])


def test_modules_may_import_each_other():
    write({"train.py": "import a", "a.py": "import b", "b.py": "import a, train"})
    assert names("python", "train.py") == ["a.py", "b.py", "train.py"]


def test_packages_may_have_no_init():
    write({"train.py": "import spread.one.a\nfrom spread import two", "spread/one/a.py": "from .. import two"})
    write({"spread/two.py": "", "spread/one/b.py": ""}, Path("more"))
    assert names("python", "train.py", PYTHONPATH="more") == ["more/spread/two.py", "spread/one/a.py", "train.py"]


def test_a_package_wins_over_a_module_and_a_module_over_a_folder():
    write({"train.py": "import a, b", "a.py": "", "a/__init__.py": "", "b.py": "", "b/c.py": ""})
    assert names("python", "train.py") == ["a/__init__.py", "b.py", "train.py"]


def test_what_comes_first_on_the_path_wins():
    write({"sub/train.py": "import a, b", "sub/a.py": "", "a.py": "", "one/a.py": "", "one/b.py": "", "two/b.py": ""})
    assert names("python", "sub/train.py", PYTHONPATH="one:two") == ["one/b.py", "sub/a.py", "sub/train.py"]


def test_modules_of_the_program_win_over_those_of_python():
    write({"train.py": "import json, os, sys, time", **{f"{name}.py": "" for name in ("json", "os", "sys", "time")}})
    assert names("python", "train.py") == ["json.py", "train.py"]


@pytest.mark.parametrize("value", ["libraries", "nothing::libraries/", "ABSOLUTE", "."])
def test_pythonpath_is_that_of_the_trial(value, here, monkeypatch):
    write({"train.py": "import a", "libraries/a.py": "", "process/a.py": "", "a.txt": ""})
    monkeypatch.setenv("PYTHONPATH", "process")
    assert names("python", "train.py") == ["process/a.py", "train.py"]
    expected = ["train.py"] if value == "." else ["libraries/a.py", "train.py"]
    assert names("python", "train.py", PYTHONPATH=value.replace("ABSOLUTE", f"{here}/libraries")) == expected


def test_pythonpath_may_be_a_word_of_the_command():
    write({"train.py": "import a", "libraries/a.py": ""})
    assert names("env", "PYTHONPATH=libraries", "python", "train.py") == ["libraries/a.py", "train.py"]
    assert names("sh", "-c", "PYTHONPATH=libraries:$PYTHONPATH python train.py") == ["libraries/a.py", "train.py"]


def test_an_empty_entry_of_pythonpath_is_the_working_directory():
    write({"sub/train.py": "import a", "a.py": ""})
    assert names("python", "sub/train.py", PYTHONPATH=":nothing") == ["a.py", "sub/train.py"]


@pytest.mark.parametrize(
    "folder", ["env/lib/python3.11/site-packages", "lib/python3/dist-packages", "lib64/python3.11"]
)
def test_what_is_installed_is_not_followed(folder):
    write({"train.py": "import a", f"{folder}/a.py": "", f"{folder}/run.py": "import a"})
    assert names("python", "train.py", PYTHONPATH=folder) == ["train.py"]
    assert names("python", f"{folder}/run.py") == [f"{folder}/run.py"]


def test_compiled_modules_count_beside_their_text():
    suffix = ".cpython-311-x86_64-linux-gnu.so"
    write({"train.py": "import fast, slow, old", f"fast{suffix}": b"\0", "fast.pyx": "", "slow.so": b"\0"})
    write({"slow.py": "import a", "a.py": "", "old.pyc": b"\0", "fast.c": "", "fast.pyi": "", "fast.b.py": ""})
    assert names("python", "train.py") == [
        "a.py",
        f"fast{suffix}",
        "fast.pyx",
        "old.pyc",
        "slow.py",
        "slow.so",
        "train.py",
    ]


def test_a_folder_called_like_a_file_is_none():
    write({"train.py": "import a", "a.py/b": ""})
    assert names("python", "train.py") == ["train.py"]


def test_packages_may_be_deep():
    depth = 300
    folders = ["/".join(["p"] * n) for n in range(1, depth)]
    write(
        {"train.py": "import " + ".".join(["p"] * (depth - 1)), **{f"{folder}/__init__.py": "" for folder in folders}}
    )
    assert len(names("python", "train.py")) == depth
    assert names("python", "-m", ".".join(["q"] * 2000)) == []


def test_a_thousand_modules_are_read_in_bounded_time():
    write({f"p/m{number}.py": f"from . import m{number + 1}\nimport p.m{number // 2}" for number in range(1000)})
    write({"train.py": "from p import m0"})
    assert len(names("python", "train.py")) == 1001


NAMES = ["a", "b", "c", "json"]
dotted = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(".".join)
name = st.sampled_from(NAMES)
dots = st.integers(1, 3).map(lambda n: "." * n)
statements = st.one_of(
    st.builds("import {}".format, dotted),
    st.builds("from {} import {}".format, dotted, name),
    st.builds("from {} import *".format, dotted),
    st.builds("from {}{} import {}".format, dots, dotted, name),
    st.builds("from {} import {}".format, dots, name),
    st.builds("import importlib; importlib.import_module('{}')".format, dotted),
    st.builds("import importlib; importlib.import_module('{}{}', __package__)".format, dots, dotted),
    st.builds("import importlib; importlib.import_module('{}{}', __name__)".format, dots, dotted),
    st.builds("__import__('{}')".format, dotted),
    st.builds("__all__ = ['{}', '{}']".format, name, name),
)
texts = st.lists(statements, max_size=4).map(
    lambda lines: "print(__file__)\n" + "".join(f"try:\n    {line}\nexcept Exception: pass\n" for line in lines)
)
paths = st.builds(
    lambda folders, last: "/".join([*folders, f"{last}.py"]),
    st.lists(name, max_size=2),
    st.sampled_from([*NAMES, "__init__", "__main__"]),
)
trees = st.dictionaries(paths, texts, min_size=1, max_size=12)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees, more=trees, main=texts, data=st.data())
def test_whatever_python_loads_is_counted(tree, more, main, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    write({**tree, "a/train.py": main, "train.py": main}, folder / "project")
    write(more, folder / "project" / "more")
    command = data.draw(
        st.sampled_from([["train.py"], ["a/train.py"], ["a"], ["-c", main.partition("\n")[2]]])
        | dotted.map(lambda module: ["-m", module])
    )
    environment = {"PYTHONPATH": data.draw(st.sampled_from(["more", "", "more:a", ":more"]))}
    finished = subprocess.run(
        [sys.executable, "-S", "-B", *command],
        cwd=folder / "project",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    sources = sources_of(Script((sys.executable, "-S", "-B", *command), folder / "project", environment))
    loaded = {
        os.path.relpath(os.path.join(folder, "project", path), folder / "project") for path in finished.stdout.split()
    }
    assert loaded <= sources.digests.keys()


@pytest.mark.parametrize("command", ["env/bin/python", "python", "torchrun"])
def test_a_project_that_is_installed_where_it_is_worked_on_is_counted(command, monkeypatch):
    write({"train.py": "import project.model, installed", "src/project/__init__.py": "", "src/project/model.py": ""})
    write({"env/lib/python3.11/site-packages/installed.py": "import project.other", "src/project/other.py": ""})
    pth = f"# comment\nimport sys; sys.path\n\n{Path('src').resolve()}\nnowhere\n"
    write({"env/lib/python3.11/site-packages/__editable__.project-1.0.pth": pth})
    for program in ("python", "torchrun"):
        write({f"env/bin/{program}": "#!/bin/sh\n"})
        Path(f"env/bin/{program}").chmod(0o755)
    monkeypatch.setenv("PATH", str(Path("env/bin").resolve()))
    assert names(command, "train.py") == ["src/project/__init__.py", "src/project/model.py", "train.py"]


CHANGES = [
    ("env", "-C", "sub", "python", "train.py"),
    ("env", "--chdir=sub", "python", "train.py"),
    ("bash", "-c", "cd sub && python train.py"),
    ("bash", "-c", "(cd sub; python -m train)"),
    ("uv", "run", "--directory", "sub", "python", "train.py"),
]


@pytest.mark.parametrize("command", CHANGES, ids=" ".join)
def test_where_a_command_changes_its_folder_the_files_there_are_counted(command):
    write({"sub/train.py": "import helper", "sub/helper.py": "", "helper.py": ""})
    assert set(names(*command)) == {"sub/train.py", "sub/helper.py"}


WRAPPED = [
    ("bash", "-euo", "pipefail", "-c", "python train.py"),
    ("bash", "-o", "pipefail", "-c", "python train.py"),
    ("bash", "--rcfile", "x", "-c", "python train.py"),
    ("env", "-S", "python train.py"),
    ("torchrun", "-mtrain"),
    ("torchrun", "--module=train"),
]


@pytest.mark.parametrize("command", WRAPPED, ids=" ".join)
def test_the_program_is_found_in_what_it_is_wrapped(command):
    write({"train.py": ""})
    assert names(*command) == ["train.py"]
