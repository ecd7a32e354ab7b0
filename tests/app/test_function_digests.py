"""What a function is: functions that are the same have one digest, in every process, and others have others."""

import functools
import linecache
import math
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
import torch

from tunekit.functions.canonical import digest_of_function
from tunekit_core import ConfigurationError

SAME = {
    "a comment and blank lines": ("def f(x): return x", "# now\n\n\ndef f(x):\n    # here\n\n    return x"),
    "lines that are broken": (
        "def f(x, y):\n    return [max(x, i, y) for i in range(3) if i in (x, y) and i]",
        "def f(\n    x,\n    y,\n):\n    return [\n        max(x, i, y)\n        for i in range(3)\n"
        "        if i in (x, y)\n        and i\n    ]",
    ),
    "a condition on a line of its own": (
        "def f(x):\n    if x: pass\n    return x",
        "def f(x):\n    if x:\n\n        pass\n    return x",
    ),
    "a docstring that is edited": ("def f(x):\n    'Old.'\n    return x", "def f(x):\n    'New.'\n    return x"),
    "a docstring that is added": ("def f(x):\n    return x, 1", "def f(x):\n    'New.'\n    return x, 1"),
    "the docstring of a class inside": (
        "def f(x):\n    class C:\n        'Old.'\n        a = 1\n    return C",
        "def f(x):\n\n    class C:\n        'New.'\n        a = 1\n    return C",
    ),
    "annotations": ("def f(x, y=1): return x", "def f(x: int, y: 'float' = 1) -> list[int]: return x"),
    "parentheses, quotes and figures": ("def f(x): return x + 1000, 'a'", 'def f(x): return ((x) + 1_000, "a")'),
    "another variable that is not used": ("a = 1\ndef f(x): return x", "a = 2\ndef f(x): return x"),
    "an attribute that is a variable elsewhere": (
        "real = 1\ndef f(x): return x.real",
        "real = 2\ndef f(x): return x.real",
    ),
    "a set in another order": ("s = {1, 'a', 'b'}\ndef f(x): return s", "s = {'b', 'a', 1}\ndef f(x): return s"),
    "a set of tuples in another order": (
        "s = {(1, 'a'), (2, None)}\ndef f(x): return s",
        "s = {(2, None), (1, 'a')}\ndef f(x): return s",
    ),
    "equal texts that are two objects": (
        "a = 'x' * 3\nb = a\ndef f(x): return a, b",
        "a = 'x' * 3\nb = ''.join(['x', 'x', 'x'])\ndef f(x): return a, b",
    ),
    "equal tuples that are two objects": (
        "a = b = (1, (2, 3))\ndef f(x): return a, b",
        "a = (1, (2, 3))\nb = tuple([1, tuple([2, 3])])\ndef f(x): return a, b",
    ),
    "keyword defaults in another order": (
        "def f(*, a=1, b=2): return a",
        "def g(a, b): ...\ndef f(*, a, b): return a\nf.__kwdefaults__ = {'b': 2, 'a': 1}",
    ),
    "attributes in another order": (
        "class C: pass\nc = C()\nc.a = 1\nc.b = 2\ndef f(x): return c",
        "class C: pass\nc = C()\nc.b = 2\nc.a = 1\ndef f(x): return c",
    ),
    "where a function was made": (
        "def f(x): return [y for y in x if y]",
        "def make():\n    def f(x): return [y for y in x if y]\n    return f\nf = make()",
    ),
    "a lambda on a line with others": ("f = lambda x: x + 1", "f, g = lambda x: x + 1, lambda x: x + 2"),
    "an array in another memory order": (
        "import numpy as np\na = np.arange(6).reshape(2, 3)\ndef f(x): return a",
        "import numpy as np\na = np.asfortranarray(np.arange(6).reshape(2, 3))\ndef f(x): return a",
    ),
    "the file of a path in another spelling": (
        "from pathlib import Path\np = Path('a/b')\ndef f(x): return p",
        "from pathlib import Path\np = Path('a') / 'b'\ndef f(x): return p",
    ),
}


@pytest.mark.parametrize("what", SAME)
def test_a_function_is_the_same_with_another(what):
    one, other = SAME[what]
    assert digest(one) == digest(other)


OTHER = {
    "an operator": ("def f(x): return x + 1", "def f(x): return x - 1"),
    "a constant": ("def f(x): return x + 1", "def f(x): return x + 2"),
    "the type of a constant": ("def f(x): return x + 1", "def f(x): return x + 1.0"),
    "a truth value for a number": ("def f(x): return x, 1", "def f(x): return x, True"),
    "the sign of zero": ("def f(x): return x, 0.0", "def f(x): return x, -0.0"),
    "a text for bytes": ("def f(x): return 'a'", "def f(x): return b'a'"),
    "what a constant set holds": ("def f(x): return x in {1, 2}", "def f(x): return x in {1, 3}"),
    "a comparison": ("def f(x): return x < 1", "def f(x): return x <= 1"),
    "a negation": ("def f(x): return 1 if x else 2", "def f(x): return 1 if not x else 2"),
    "an attribute": ("def f(x): return x.a", "def f(x): return x.b"),
    "a method for an attribute": ("def f(x): return x.a()", "def f(x): return x.a"),
    "the name of a function that is called": ("def f(x): return min(x)", "def f(x): return max(x)"),
    "the order of calls": ("def f(x): x.a(); x.b()", "def f(x): x.b(); x.a()"),
    "the name of a keyword": ("def f(x): return x(a=1)", "def f(x): return x(b=1)"),
    "where a loop goes on": (
        "def f(x):\n    for i in x:\n        if i: break\n    return i",
        "def f(x):\n    for i in x:\n        if i: continue\n    return i",
    ),
    "which error is handled": (
        "def f(x):\n    try: x()\n    except KeyError: pass",
        "def f(x):\n    try: x()\n    except ValueError: pass",
    ),
    "where an error is handled": (
        "def f(x):\n    try:\n        x()\n        x.a()\n    except KeyError: pass",
        "def f(x):\n    x()\n    try:\n        x.a()\n    except KeyError: pass",
    ),
    "a function inside": ("def f(x): return lambda: x", "def f(x): return lambda: -x"),
    "the name of an argument": ("def f(x): return 1", "def f(y): return 1"),
    "an argument by keyword alone": ("def f(x, y): return 1", "def f(x, *, y): return 1"),
    "an argument by place alone": ("def f(x, y): return 1", "def f(x, /, y): return 1"),
    "arguments without names": ("def f(x): return 1", "def f(*x): return 1"),
    "a generator": ("def f(x): return [x]", "def f(x): yield x"),
    "a coroutine": ("def f(x): return 1", "async def f(x): return 1"),
    "a default": ("def f(x, y=1): return y", "def f(x, y=2): return y"),
    "a default that is added": ("def f(x, y): return y", "def f(x, y=None): return y"),
    "whose default it is": ("def f(x=1, *, y): return y", "def f(x, *, y=1): return y"),
    "a keyword default": ("def f(*, y=1): return y", "def f(*, y=2): return y"),
    "a closure": ("def m(a): return lambda: a\nf = m(1)", "def m(a): return lambda: a\nf = m(2)"),
    "what is in a list of a closure": (
        "def m(a): return lambda: a\nf = m([1])",
        "def m(a): return lambda: a\nf = m([2])",
    ),
    "an empty closure": (
        "def m():\n    f = lambda: a\n    a = 1\n    return f\nf = m()",
        "def m():\n    f = lambda: a\n    return f\n    a = 1\nf = m()",
    ),
    "a variable that is missing": ("a = 1\ndef f(x): return a", "def f(x): return a"),
    "a variable of a function inside": (
        "a = 1\ndef f(x): return [a for _ in x]",
        "a = 2\ndef f(x): return [a for _ in x]",
    ),
    "a variable of a class inside": (
        "a = 1\ndef f(x):\n    class C:\n        b = a\n    return C",
        "a = 2\ndef f(x):\n    class C:\n        b = a\n    return C",
    ),
    "a variable in place of a builtin": ("def f(x): return min(x)", "min = max\ndef f(x): return min(x)"),
    "a function that it uses": ("def g(): return 1\ndef f(x): return g()", "def g(): return 2\ndef f(x): return g()"),
    "a function that that uses": (
        "def h(): return 1\ndef g(): return h()\ndef f(x): return g()",
        "def h(): return 2\ndef g(): return h()\ndef f(x): return g()",
    ),
    "a function of a circle": (
        "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)\nf = even",
        "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 1 and even(n - 1)\nf = even",
    ),
    "a function with a cache": (
        "import functools\n@functools.lru_cache\ndef f(x): return 1",
        "import functools\n@functools.lru_cache\ndef f(x): return 2",
    ),
    "an argument of a partial function": (
        "import functools\ndef g(x, y): return x\nf = functools.partial(g, y=1)",
        "import functools\ndef g(x, y): return x\nf = functools.partial(g, y=2)",
    ),
    "the function of a partial function": (
        "import functools\ndef g(x, y): return x\nf = functools.partial(g, y=1)",
        "import functools\ndef g(x, y): return y\nf = functools.partial(g, y=1)",
    ),
    "the object of a method": (
        "class C:\n    def __init__(self, a): self.a = a\n    def g(self): return self.a\nf = C(1).g",
        "class C:\n    def __init__(self, a): self.a = a\n    def g(self): return self.a\nf = C(2).g",
    ),
    "the object of a method of C": ("f = [1].index", "f = [2].index"),
    "the code of an object that is called": (
        "class C:\n    def __call__(self, x): return x\nf = C()",
        "class C:\n    def __call__(self, x): return -x\nf = C()",
    ),
    "a slot of an object": (
        "class C:\n    __slots__ = 'a',\n    def __init__(self, a): self.a = a\nc = C(1)\ndef f(x): return c",
        "class C:\n    __slots__ = 'a',\n    def __init__(self, a): self.a = a\nc = C(2)\ndef f(x): return c",
    ),
    "a method of a class": (
        "class B: pass\nclass C:\n    a = 1\n    def g(self): return 1\nf = C",
        "class B: pass\nclass C:\n    a = 1\n    def g(self): return 2\nf = C",
    ),
    "an attribute of a class": (
        "class B: pass\nclass C:\n    a = 1\n    def g(self): return 1\nf = C",
        "class B: pass\nclass C:\n    a = 2\n    def g(self): return 1\nf = C",
    ),
    "a base of a class": (
        "class B: pass\nclass C:\n    a = 1\n    def g(self): return 1\nf = C",
        "class B: pass\nclass C(B):\n    a = 1\n    def g(self): return 1\nf = C",
    ),
    "a static method for a class method": (
        "class C:\n    @staticmethod\n    def g(): return 1\nf = C",
        "class C:\n    @classmethod\n    def g(): return 1\nf = C",
    ),
    "a property": (
        "class C:\n    @property\n    def g(self): return 1\nf = C",
        "class C:\n    @property\n    def g(self): return 2\nf = C",
    ),
    "a property of a class of its own": (
        "class P(property): pass\nclass C:\n    @P\n    def g(self): return 1\nf = C",
        "class P(property): pass\nclass C:\n    @P\n    def g(self): return 2\nf = C",
    ),
    "one of two states of an object": (
        "class C:\n    def __getstate__(self): return {'a': 1}, {'a': 2}\nc = C()\ndef f(x): return c",
        "class C:\n    def __getstate__(self): return {'a': 3}, {'a': 2}\nc = C()\ndef f(x): return c",
    ),
    "what super() leads to": (
        "class B:\n    def g(self): return 1\nclass C(B):\n    def g(self): return super().g()\nf = C",
        "class B:\n    def g(self): return 2\nclass C(B):\n    def g(self): return super().g()\nf = C",
    ),
    "a default of a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = 1\ndef f(x): return C()",
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = 2\ndef f(x): return C()",
    ),
    "the value of a frozen attrs class": (
        "import attrs\n@attrs.frozen\nclass C:\n    a = attrs.field()\nc = C(1)\ndef f(x): return c",
        "import attrs\n@attrs.frozen\nclass C:\n    a = attrs.field()\nc = C(2)\ndef f(x): return c",
    ),
    "one list for two that are equal": ("a = b = []\ndef f(x): return a, b", "a, b = [], []\ndef f(x): return a, b"),
    "a path": (
        "from pathlib import Path\np = Path('a')\ndef f(x): return p",
        "from pathlib import Path\np = Path('b')\ndef f(x): return p",
    ),
    "a function of C": (
        "from math import sqrt as g\ndef f(x): return g(x)",
        "from math import exp as g\ndef f(x): return g(x)",
    ),
    "a function of a library": (
        "from statistics import mean as g\ndef f(x): return g(x)",
        "from statistics import mode as g\ndef f(x): return g(x)",
    ),
    "a module": ("import math as m\ndef f(x): return m.gamma(x)", "import random as m\ndef f(x): return m.gamma(x)"),
}
OTHER_VALUES = {
    "a variable": ("a = 1", "a = 2"),
    "a variable of a function that was wrapped": (
        "import functools\na = 1\ndef d(g): return functools.wraps(g)(lambda *x: g(*x))\n@d",
        "import functools\na = 2\ndef d(g): return functools.wraps(g)(lambda *x: g(*x))\n@d",
    ),
    "a member of an enum": (
        "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\na = E.A",
        "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\na = E.B",
    ),
    "the value of a member": (
        "import enum\nclass E(enum.Enum):\n    A = 1\na = E.A",
        "import enum\nclass E(enum.Enum):\n    A = 2\na = E.A",
    ),
    "a list for a tuple": ("a = [1]", "a = (1,)"),
    "the order of a dict": ("a = {'b': 1, 'c': 2}", "a = {'c': 2, 'b': 1}"),
    "where one list ends": ("a = [[1], 2]", "a = [[1, 2]]"),
    "what is in a set": ("a = {1, 2}", "a = {1, 3}"),
    "the type of a set": ("a = {1}", "a = frozenset([1])"),
    "an object in a set": (
        "class C: pass\na = {C()}\nfor c in a: c.b = 1",
        "class C: pass\na = {C()}\nfor c in a: c.b = 2",
    ),
    "a pattern": ("import re\na = re.compile('a')", "import re\na = re.compile('a', re.I)"),
    "a time": (
        "import datetime\na = datetime.datetime(2020, 1, 1)",
        "import datetime\na = datetime.datetime(2020, 1, 2)",
    ),
    "a range": ("a = range(3)", "a = range(4)"),
    "a number of an array": ("a = np.array([1, 2])", "a = np.array([1, 3])"),
    "the type of an array": ("a = np.zeros(2, 'i4')", "a = np.zeros(2, 'f4')"),
    "the shape of an array": ("a = np.zeros((2, 3))", "a = np.zeros((3, 2))"),
    "an object in an array": ("a = np.array(['a', None], object)", "a = np.array(['b', None], object)"),
    "a field of an array": ("a = np.array([(1, 2.0)], 'i1,f8')", "a = np.array([(1, 3.0)], 'i1,f8')"),
    "a scalar of NumPy": ("a = np.float32(1)", "a = np.float64(1)"),
    "a function of NumPy": ("a = np.sin", "a = np.cos"),
    "a masked array": ("a = np.ma.array([1, 2], mask=[0, 1])", "a = np.ma.array([1, 2], mask=[1, 0])"),
    "a number of a tensor": ("a = torch.tensor([1.0])", "a = torch.tensor([2.0])"),
    "a number of a tensor of a type that NumPy lacks": (
        "a = torch.tensor(1.0).bfloat16()",
        "a = torch.tensor(2.0).bfloat16()",
    ),
    "a number of a sparse tensor": ("a = torch.tensor([0, 1.0]).to_sparse()", "a = torch.tensor([0, 2.0]).to_sparse()"),
    "a weight of a network": (
        "a = torch.nn.Linear(1, 1)\ntorch.nn.init.zeros_(a.weight)\ntorch.nn.init.zeros_(a.bias)",
        "a = torch.nn.Linear(1, 1)\ntorch.nn.init.ones_(a.weight)\ntorch.nn.init.zeros_(a.bias)",
    ),
    "a number of a table": ("a = pd.DataFrame({'b': [1]})", "a = pd.DataFrame({'b': [2]})"),
    "a text of a table": ("a = pd.Series(['b'])", "a = pd.Series(['c'])"),
    "a column of a table": ("a = pd.DataFrame({'b': [1]})", "a = pd.DataFrame({'c': [1]})"),
}


@pytest.mark.parametrize("what", OTHER)
def test_a_function_is_another_with_another(what):
    one, other = OTHER[what]
    assert digest(one) == digest(one)
    assert digest(one) != digest(other)


@pytest.mark.parametrize("what", OTHER_VALUES)
def test_a_function_that_uses_a_variable_is_another_with_another(what):
    one, other = (f"import numpy as np, pandas as pd, torch\n{line}\ndef f(x): return a" for line in OTHER_VALUES[what])
    assert digest(one) == digest(one)
    assert digest(one) != digest(other)


def test_each_of_two_lambdas_on_one_line_is_its_own():
    one, other = (lambda x: x + 1, lambda x: x + 2)
    assert digest_of_function(one) != digest_of_function(other)


EVERYTHING = """
import abc, collections, datetime, decimal, enum, functools, logging, math, pathlib, random, re, typing, zoneinfo
from dataclasses import dataclass, field

import attrs
import numpy as np
import pandas as pd
import torch

from tunekit import Reporter

class Colour(enum.Enum):
    RED = 1
    BLUE = "b"

class Access(enum.Flag):
    READ = 1
    WRITE = 2

@dataclass
class Options:
    rate: float = 0.1
    names: set = field(default_factory=lambda: {"a", "b", "c"})

@attrs.frozen
class Frozen:
    rate: float = attrs.field(default=0.1, validator=attrs.validators.instance_of(float))
    names: frozenset = frozenset({"a", "b", "c"})

class Point(typing.NamedTuple):
    x: int = 1

class Base(abc.ABC):
    @abc.abstractmethod
    def fit(self): ...

class Model(Base):
    kinds = {"a", "b", "c", (1, "d")}

    def __init__(self):
        super().__init__()
        self.options = {"a": Options(), "b": Frozen()}
        self.first = self.second = self.third = None

    def fit(self):
        return self

    @property
    def size(self):
        return 1

    @functools.cached_property
    def cached(self):
        return 2

    @staticmethod
    def static():
        return 3

    @classmethod
    def make(cls):
        return cls()

    def __call__(self, x):
        return x in {"a", "b", "c"}

@functools.lru_cache(maxsize=3)
def remembered(x):
    return x

@functools.singledispatch
def either(x):
    return 1

@either.register
def _(x: int):
    return 2

def wrapped(function):
    @functools.wraps(function)
    def call(*arguments, **named):
        return function(*arguments, **named)
    return call

def even(n):
    return n == 0 or odd(n - 1)

def odd(n):
    return n != 0 and even(n - 1)

def table():
    return pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "t": pd.date_range("2020", periods=2)})

class Itself:
    def __init__(self):
        self.everything = {self, "a", "b"}

torch.manual_seed(0)
loop = []
loop.append(loop)
parts = [
    1, -0.0, float("nan"), 1j, 10**5000, "a", "\\ud800", b"b", None, ..., (1, [2]), {1, "a", (2, "b")},
    {"a": {"b": {}}}, bytearray(b"c"), range(3), slice(1, [2]), {}.keys(),
    loop, Itself(), int, list[int], typing.Optional[int],
    type,
    object(), pathlib.Path("a/b"), datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), decimal.Decimal("0.1"),
    zoneinfo.ZoneInfo("UTC"), re.compile("a+", re.I), collections.Counter("aab"), collections.OrderedDict(a=1),
    collections.defaultdict(list), collections.deque([1], maxlen=3), collections.namedtuple("Pair", "x y")(1, 2),
    Colour.RED, Access.READ | Access.WRITE, Options(), Frozen(), Point(), Model(), Model().fit, Model, Colour, Base,
    remembered, either, wrapped(even), odd, functools.partial(odd, n=3), [].append, str.upper, int.__add__,
    (1).__add__, dict.fromkeys, math.sqrt, len, random.random, random.Random(0), logging.getLogger("a"), Reporter,
    np, np.arange(3), np.array(["a", None], dtype=object), np.array([(1, 2.0)], dtype="i1,f8"), np.float64(1),
    np.longdouble(1), np.datetime64("2020-01-01"), np.dtype("f4"), np.sin, np.random.rand, np.random.default_rng(0),
    np.random.RandomState(0), np.ma.masked_array([1, 2], [0, 1]), np.linalg.norm, pd, table(), table().index,
    pd.Series(["a"], dtype="category"), pd.Timestamp("2020"), torch, torch.float32, torch.device("cpu"), torch.relu,
    torch.eye(2).to_sparse(), torch.eye(2).bfloat16(), torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()),
    torch.nn.functional.relu, torch.optim.SGD,
]

def using(part):
    return lambda x: part
"""
PRINTED = """
from tunekit.functions.canonical import digest_of_function
print(*[digest_of_function(using(part)) for part in parts], sep="\\n")
"""


def test_digests_are_equal_in_three_processes_with_other_hash_seeds(tmp_path):
    one, other, third = (run(EVERYTHING + PRINTED, tmp_path / f"seed_{seed}.py", seed) for seed in ("0", "1", "random"))
    assert one == other == third
    assert len(set(one)) == len(one) > 80


def test_digests_are_equal_in_a_script_in_cells_of_a_notebook_and_on_standard_input(tmp_path):
    program = "scale = {'a', 'b', 'c'}\ndef f(x):\n    return [x in scale for _ in range(3)]\n"
    printed = "from tunekit.functions.canonical import digest_of_function\nprint(digest_of_function(f))\n"
    (script,) = run(program + printed, tmp_path / "script.py", "1")
    stdin = subprocess.run([sys.executable, "-"], input="\n\n" + program + printed, capture_output=True, text=True)
    cells = {digest(program, file=f"<ipython-input-{cell}-{cell:012x}>") for cell in (3, 17)}
    assert {script, stdin.stdout.strip()} == cells


LIBRARIES = {
    "numba": "import numba\n@numba.njit\ndef f(x):\n    return x + {}\nf(1.0)\n",
    "pydantic": (
        "import pydantic\nclass f(pydantic.BaseModel):\n    a: int = {}\n"
        "    @pydantic.field_validator('a')\n    def check(cls, x): return x in {{'a', 'b'}}\n"
    ),
    "scipy": "import scipy.stats\nnorm = scipy.stats.norm({})\ndef f(x): return norm\n",
    "omegaconf": "from omegaconf import OmegaConf\nc = OmegaConf.create({{'a': {}}})\ndef f(x): return c\n",
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_it_uses_of_a_library_is_the_same_in_another_process(library, tmp_path):
    pytest.importorskip(library)
    printed = "from tunekit.functions.canonical import digest_of_function\nprint(digest_of_function(f))\n"
    one, same, other = (
        run(LIBRARIES[library].format(value) + printed, tmp_path / "script.py", seed)
        for value, seed in [(1, "0"), (1, "1"), (2, "0")]
    )
    assert one == same != other


def test_what_an_installed_module_keeps_counts_by_name(monkeypatch):
    environment = os.environ
    before = digest_of_function(lambda: environment)
    monkeypatch.setenv("ANOTHER", "1")
    assert digest_of_function(lambda: environment) == before


def test_a_cell_that_is_run_again_makes_the_same_function():
    notebook = {"__name__": "__main__"}
    digests = []
    for number, cell in enumerate(["def g(x): return x", "def f(x): return g(x)", "def g(x): return x"]):
        name = f"<ipython-input-{number}>"
        linecache.cache[name] = (len(cell), None, [cell], name)
        exec(compile(cell, name, "exec"), notebook)
        if number:
            digests.append(digest_of_function(notebook["f"]))
    assert digests[0] == digests[1]


def test_options_of_python_that_leave_out_docstrings_do_not_change_it(tmp_path):
    program = "def f(x):\n    'Says what.'\n    return [x for _ in range(3)]\n" + (
        "from tunekit.functions.canonical import digest_of_function\nprint(digest_of_function(f))\n"
    )
    assert run(program, tmp_path / "a.py", "0") == run(program, tmp_path / "a.py", "0", "-OO")


def test_using_a_function_and_its_objects_does_not_change_it():
    namespace = {"__name__": "__main__"}
    exec(EVERYTHING, namespace)
    parts = {name: namespace[name] for name in ("remembered", "either", "Model", "Frozen", "even")}
    parts["table"] = namespace["table"]()
    parts["net"] = torch.nn.Linear(2, 1)
    before = {name: digest_of_function(lambda part=part: part) for name, part in parts.items()}
    parts["remembered"](1), parts["either"](1), parts["even"](4), hash(parts["Frozen"]())
    isinstance(1, namespace["Base"]), parts["Model"].make().fit()
    parts["table"].mean(numeric_only=True), parts["table"]["a"].sum(), parts["table"].index.is_unique
    parts["net"](torch.zeros(1, 2)).sum()
    assert {name: digest_of_function(lambda part=part: part) for name, part in parts.items()} == before


def test_tracing_and_hot_code_do_not_change_it():
    def f(x):
        total = 0
        for i in range(x):
            total += math.floor(i * 1.5)
        return total

    before = digest_of_function(f)
    f(10_000)
    assert digest_of_function(f) == before
    tracer = sys.gettrace()
    sys.settrace(lambda frame, event, argument: tracer and tracer(frame, event, argument))
    try:
        f(3)
        assert digest_of_function(f) == before
    finally:
        sys.settrace(tracer)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_monitoring_does_not_change_it():
    def f(x):
        return [i for i in range(x) if i]

    before = digest_of_function(f)
    monitoring = sys.monitoring
    monitoring.use_tool_id(3, "test")
    try:
        monitoring.register_callback(3, monitoring.events.INSTRUCTION, lambda code, offset: None)
        monitoring.set_local_events(3, f.__code__, monitoring.events.INSTRUCTION | monitoring.events.LINE)
        f(3)
        assert digest_of_function(f) == before
    finally:
        monitoring.set_local_events(3, f.__code__, 0)
        monitoring.register_callback(3, monitoring.events.INSTRUCTION, None)
        monitoring.free_tool_id(3)


def test_code_of_the_objects_that_it_uses_is_not_run():
    class Never(type):
        def __getattribute__(cls, name):
            raise AssertionError(name)

    class Quiet:
        def __eq__(self, other):
            raise AssertionError

        __hash__ = None
        __repr__ = __str__ = __bool__ = __len__ = __iter__ = __format__ = __eq__

        def __getattr__(self, name):
            if name.startswith("__"):  # object asks for what makes it copyable
                raise AttributeError(name)
            raise AssertionError(name)

        @property
        def value(self):
            raise AssertionError

    class Loud(metaclass=Never):
        pass

    quiet = Quiet()
    table = {"a": quiet, (1, 2): [quiet]}
    assert digest_of_function(lambda x: (quiet, table, Loud, quiet.value)) == digest_of_function(
        lambda x: (quiet, table, Loud, quiet.value)
    )


def test_a_list_that_is_nested_20_000_deep_is_described():
    deep, deeper = [], [[]]
    for _ in range(20_000):
        deep, deeper = [deep], [deeper]
    assert digest_of_function(lambda: deep) != digest_of_function(lambda: deeper)


def test_a_tuple_that_is_nested_20_000_deep_is_refused():
    deep = ()
    for _ in range(20_000):
        deep = (deep,)
    with pytest.raises(ConfigurationError, match=r"uses the variable `deep`.*\(it is nested too deep\)"):
        digest_of_function(lambda: deep)


def test_what_cannot_be_described_is_named_with_the_way_to_it():
    class Client:
        def __init__(self):
            self.pool = [threading.Lock()]

    client = Client()

    def send(x):
        return client, x

    def train(x):
        return send(x)

    with pytest.raises(ConfigurationError) as caught:
        digest_of_function(train)
    assert str(caught.value) == (
        "train cannot be told from another version of itself, since the content of what it uses is not known: "
        "train uses the variable `send`, which uses the variable `client`, which has the attribute `pool`, "
        "which holds the item 0, which is an object of class _thread.lock "
        "(TypeError: cannot pickle '_thread.lock' object). Make that in the function itself, or name the version of "
        "the function yourself, tune(…, version='1'), and another one after each change."
    )
    assert caught.value.option == "function"
    assert caught.value.value is train


def generator():
    yield 1


def made_with(default):
    return lambda x, y=default: y


class Broken:
    def __reduce__(self):
        raise RuntimeError("not now")


REFUSED = {
    "a generator": (generator(), r"class generator \(TypeError: cannot pickle 'generator' object\)"),
    "an object that breaks": (Broken(), r"Broken \(RuntimeError: not now\)"),
    "a value in a dict": (
        {"a": threading.Lock()},
        "which has the value of a, which is an object of class _thread.lock",
    ),
    "a value in a set": (
        {1, (2, generator())},
        "which holds the item ., which holds the item 1, which is an object of class gen",
    ),
    "a default": (
        made_with(generator()),
        "which has the default of `y`, which is an object of class gen",
    ),
    "a function made for NumPy": (np.frompyfunc(lambda x: x, 1, 1), "ufunc .the function inside it cannot be seen"),
    "a storage of a tensor": (torch.zeros(1).untyped_storage(), "holds an address"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused(what):
    value, message = REFUSED[what]
    with pytest.raises(ConfigurationError, match=message):
        digest_of_function(lambda: value)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_a_tensor_whose_numbers_pytorch_does_not_give_is_refused():
    nested = torch.nested.nested_tensor([torch.zeros(1)])
    with pytest.raises(ConfigurationError, match=r"uses the variable `nested`.*class torch.Tensor \(RuntimeError: "):
        digest_of_function(lambda: nested)


def test_a_large_array_is_not_copied():
    array = np.ones(2**24)
    assert digest_of_function(lambda: array) == digest_of_function(lambda: array)


def test_a_table_and_a_copy_of_it_are_the_same():
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    copy = table.copy()
    assert digest_of_function(functools.partial(len, table)) == digest_of_function(functools.partial(len, copy))


def digest(source, name="f", file="<string>"):
    namespace = {"__name__": "__main__"}
    exec(compile(source, file, "exec"), namespace)
    return digest_of_function(namespace[name])


def run(program, file, seed, *options):
    file.write_text(program)
    command = [sys.executable, *options, str(file)]
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
