"""Modules of the user's own belong to the functions that use them; installed ones count by name."""

import importlib
import sys

import pytest

from tunekit.functions.canonical import digest_of_function
from tunekit_core import ConfigurationError

FILES = {
    "lib.py": "import helper\nRATE = 1\ndef loss(x): return x\nclass Model:\n    def fit(self): return 1\n",
    "helper.py": "x = 1\n",
    "apart.py": "x = 1\n",
    "pack/__init__.py": "x = 1\n",
    "pack/one.py": "from . import two\n",
    "pack/two.py": "from .deep.three import x\n",
    "pack/deep/__init__.py": "",
    "pack/deep/three.py": "x = 1\n",
    "pack/apart.py": "x = 1\n",
    "space/inside.py": "x = 1\n",
}
NAMES = {name.partition("/")[0].removesuffix(".py") for name in FILES}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with modules in which Python looks first, and no module that is known from before."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    forget()


def digest(source):
    namespace = {"__name__": "__main__"}
    exec(source, namespace)
    return digest_of_function(namespace["f"])


USED = {
    "a module": ("import lib\ndef f(x): return lib", ["lib.py", "helper.py"]),
    "a function of a module": ("from lib import loss\ndef f(x): return loss(x)", ["lib.py", "helper.py"]),
    "a function of a module itself": ("from lib import loss as f", ["lib.py", "helper.py"]),
    "a class of a module": ("from lib import Model\ndef f(x): return Model()", ["lib.py", "helper.py"]),
    "an object of a module": ("from lib import Model\nm = Model()\ndef f(x): return m", ["lib.py", "helper.py"]),
    "a method of it": ("from lib import Model\nf = Model().fit", ["lib.py", "helper.py"]),
    "a class that inherits": ("from lib import Model\nclass f(Model): pass", ["lib.py", "helper.py"]),
    "a package": ("import pack\ndef f(x): return pack", ["pack/__init__.py"]),
    "a module of a package": (
        "import pack.one\ndef f(x): return pack.one.two",
        ["pack/__init__.py", "pack/one.py", "pack/two.py", "pack/deep/__init__.py", "pack/deep/three.py"],
    ),
    "a module of a package by another name": (
        "import pack.deep.three as t\ndef f(x): return t",
        ["pack/__init__.py", "pack/deep/__init__.py", "pack/deep/three.py"],
    ),
    "a module of a folder without __init__": (
        "import space.inside\ndef f(x): return space.inside.x",
        ["space/inside.py"],
    ),
    "an import inside": ("def f(x):\n    import lib\n    return lib", ["lib.py", "helper.py"]),
    "an import from inside": ("def f(x):\n    from lib import loss\n    return loss", ["lib.py", "helper.py"]),
    "an import of a submodule inside": (
        "def f(x):\n    from pack.deep import three\n    return three",
        ["pack/__init__.py", "pack/deep/__init__.py", "pack/deep/three.py"],
    ),
    "an import in a function inside": ("def f(x):\n    def g(): import helper\n    return g", ["helper.py"]),
    "none": ("import math, numpy\ndef f(x): return math.sqrt(numpy.sum(x))", []),
}


@pytest.mark.parametrize("what", USED)
@pytest.mark.parametrize("is_loaded", [True, False])
def test_files_belong_to_a_function_that_uses(what, is_loaded, here):
    """Also where the module that is loaded is the one from before: trials import what is there now."""
    source, used = USED[what]
    before = digest(source)
    changed = []
    for name, content in FILES.items():
        (here / name).write_text(content + "y = 2\n")
        if not is_loaded:
            forget()
        if digest(source) != before:
            changed.append(name)
        (here / name).write_text(content)
    assert sorted(changed) == sorted(used)


def test_a_module_is_not_imported_to_be_read(here):
    (here / "lib.py").write_text("raise SystemExit('imported')")
    assert digest("def f(x):\n    import lib, lib.more\n    from pack.one import two\n    return lib")
    assert NAMES.isdisjoint(sys.modules)


def test_a_module_that_is_missing_or_half_edited_is_no_error(here):
    before = digest("import lib\ndef f(x):\n    import missing.more\n    from . import other\n    return lib")
    (here / "lib.py").write_text("def loss(")
    assert digest("import lib\ndef f(x):\n    import missing.more\n    from . import other\n    return lib") != before


def test_modules_that_import_each_other_are_read_once(here):
    (here / "helper.py").write_text("import lib, helper")
    assert digest("import lib\ndef f(x): return lib") == digest("import lib\ndef f(x): return lib")


def test_a_module_that_is_gone_is_said(here):
    namespace = {"__name__": "__main__"}
    exec("import lib\ndef f(x): return lib", namespace)
    (here / "lib.py").unlink()
    with pytest.raises(
        ConfigurationError, match=r"f uses the variable `lib`.*lib.py, from which it was imported, is gone"
    ):
        digest_of_function(namespace["f"])


def test_where_a_project_lies_does_not_count(here, monkeypatch):
    source = "import lib\nfrom pack.one import two\ndef f(x):\n    import helper\n    return lib, two"
    before = digest(source)
    other = here.with_name("other")
    here.rename(other)
    forget()
    monkeypatch.setattr(sys, "path", [str(other), *(path for path in sys.path if path != str(here))])
    importlib.invalidate_caches()
    assert digest(source) == before
    assert str(other) in sys.modules["lib"].__file__


def test_what_a_function_that_a_module_made_holds_counts_as_it_is_here():
    (one, other, third) = (
        digest(f"import lib\nlib.make = lambda y: lambda x: y\nf = lib.make({value})") for value in (1, 2, 1)
    )
    assert one == third != other


@pytest.mark.parametrize("name", ["apart_from_all", "math"])
def test_a_module_that_only_this_process_has_counts_with_its_variables(name):
    source = "import types\nm = types.ModuleType('{}')\nm.x = {}\ndef f(x): return m.x"
    assert digest(source.format(name, 1)) == digest(source.format(name, 1)) != digest(source.format(name, 2))


def test_what_is_no_module_though_it_was_loaded_as_one_is_an_object(monkeypatch):
    class Lazy:
        def __init__(self, x):
            self.x = x

    digests = []
    for x in (1, 1, 2):
        monkeypatch.setitem(sys.modules, "lazy", Lazy(x))
        digests.append(digest("import lazy\ndef f(x):\n    import lazy.more as m\n    return lazy.x"))
    assert digests[0] == digests[1] != digests[2]


def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] in NAMES]:
        del sys.modules[name]
    importlib.invalidate_caches()
