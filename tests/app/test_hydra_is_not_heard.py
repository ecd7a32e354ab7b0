"""Whatever is typed, the answer is in our words, names what was typed and says what to type next."""

import re
import string

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import given, settings, strategies as st

from tunekit.config.arguments import parse
from tunekit.config.composition.hydra_errors import explain
from tunekit_core.errors import ConfigurationError

OF_LIBRARIES = re.compile(
    r"LexerNoViableAlt|mismatched input|no viable alternative|token recognition|extraneous input|missing EQUAL|<EOF>|"
    r"BRACE_|UNQUOTED_CHAR|HydraException|omegaconf|OmegaConf|ConfigKeyError|in struct|full_key|object_type|"
    r"reference_type|DictConfig|ListConfig|\+\+|\$\$|Traceback|antlr|To append to your config|broke while"
)
SCRIPT = ["backend=local", "benchmark=script", "benchmark.command=echo", "method=RS"]
LR = "benchmark.space.lr=uniform(0,1)"
TOLD = re.compile(
    r"[Tt]ype |[Ww]rite |Leave |Allowed|such as|quotes|Installed|no part of it|names? a folder|add --multirun| has: "
)
COMPOSED = [
    *("benchmark.space.lr=log uniform(1e-4, 1)", "benchmark.space.lr=loguniform 1e-4 1", "benchmark.space.lr=[(1,2)]"),
    *(
        "benchmark.space.lr=[uniform(0,1)]",
        "benchmark.space.lr={'type': 'uniform'}",
        "benchmark.space.größe=uniform[0,1]",
    ),
    *(
        "benchmark.space.lr=${nothing}",
        "fixed.größe=3",
        "seed=0-9",
        "seed==3",
        "seed=${}",
        "seed=ü",
        "~größe",
        "~",
        "ä=3",
    ),
    *("foo.bar=3", "stopping.größe=3", "method=ä", "method={a:1}", "hydra.foo=3", "hydra.run=3", "hydra/launcher=ä"),
]
BAD = [
    *("benchmark.space.lr=log uniform(1e-4, 1)", "benchmark.space.lr=uniform[0,1]"),
    *("benchmark.space.lr=loguniform 1e-4 1", "benchmark.space.lr=~uniform(0,1)"),
    *("benchmark.space.lr=np.random.uniform(0,1)", "benchmark.space.lr=[uniform(0,1)]", "benchmark.space.lr=(1,2)"),
    *("benchmark.space.lr=[(1,2)]", "benchmark.space.lr={type: uniform, min: 0, max: 1}"),
    *("benchmark.space.lr={'type': 'uniform'}", "benchmark.space.lr=uniform(0,1", "benchmark.space.lr=[1,2"),
    *("benchmark.space.lr=1,2]", "benchmark.space.lr={a:1", "benchmark.space.lr=uniform(0,1),uniform(0,2)"),
    *("benchmark.space.lr=range(1,5)", "benchmark.space.lr=choice(a,b)", "benchmark.space.lr='uniform(0,1)"),
    *("benchmark.space.lr=[1,,2]", "benchmark.space.lr={1,2}", "benchmark.space.lr=[]", "benchmark.space.lr={}"),
    *("benchmark.space.lr=lambda(x)", "benchmark.space.lr=größe(1,2)", "benchmark.space.lr=uniform(ä,1)"),
    *("benchmark.space.lr=Uniform(0,1)", "benchmark.space.lr=unifrm(0,1)", "benchmark.space.lr=[[[1]]]"),
    *("benchmark.space.lr=uniform(0;1)", "benchmark.space.lr=normal(0,1)", "benchmark.space.lr=${nothing}"),
    *("benchmark.space.lr={distribution: log_uniform_values, min: 0.1, max: 1}", "benchmark.space.=3"),
    *("benchmark.space", "benchmark.space=3", "benchmark.space=", "benchmark..lr=3", "benchmark.metric=a(b"),
    *("benchmark.metric='a", 'benchmark.metric="a', "benchmark.metric=[a]", "benchmark.metric={"),
    *("fixed.lr=uniform(0,1)", "fixed.größe=3", "fixed=3", "fixed.=3", "tags.x=(", "tags.x=[", "tags.x='"),
    *("tags=3", "seed=range(3", "seed=0-9", "seed=3,", "seed=,3", "seed==3", "seed:=3", "seed=[1,2", "seed={a:1"),
    *("seed=ü", "seed='", 'seed="a', "seed=${x", "seed=${x}", "seed=${}", "seed=$(ls)", "seed=!ü", "seed = 3"),
    *("seed=()", "seed=a=b", "~foo", "~benchmark.space.x", "~stopping.max_cost", "~", "~größe", "+", "++", "="),
    *("=3", ".=3", "a b=3", "ä=3", "+größe=3", "++foo=3", "foo.bar=3", "+foo@bar=3", "searcher@x=random"),
    *("searcher/foo=random", "benchmark/script=3", "stopping.=3", "stopping=10", "stopping.n_trials=10"),
    *("stopping.größe=3", "searcher.=3", "searcher=(", "searcher=ä", "method=ä", "method=(", "method={a:1}"),
    *("method=", "experiment=[", "hydra=3", "hydra.foo=3", "hydra.=3", "hydra/x=3", "hydra.sweeper.n_jobs=("),
    *("hydra.sweeper.größe=3", "hydra.sweeper.zip=[", "hydra/launcher=ä", "hydra.run=3"),
    *("points_to_evaluate=[{lr:0.1", "points_to_evaluate=[{größe:3}]", "points_to_evaluate=[{'x':(}]"),
    *("benchmark.environment.Ä=(", "results_dir=(", "experiment_tag=größe", "constraint={", "--größe=3", "--=3"),
]  # fmt: skip
ALPHABET = st.sampled_from(
    [*string.ascii_letters[:6], *"01.=,:+~@/-$ ()[]{}'\"\\ßé\n\t", "uniform(", "range(", "${", "null"]
)
KEYS = st.sampled_from(
    ["benchmark.space.lr", "benchmark.space.größe", "seed", "tags.x", "fixed.lr", "stopping", "foo", "searcher"]
)


def told(error, typed):
    """Whether an error is in our words."""
    message = explain(error) if isinstance(error, HydraException) else str(error)
    assert [found for found in OF_LIBRARIES.findall(message) if found not in typed] == []
    assert message.isprintable()
    return bool(TOLD.search(message))


def read(override):
    """What a malformed argument is answered with before anything is composed; nothing if Hydra reads it."""
    try:
        line = parse([*SCRIPT, override])
        OverridesParser.create().parse_overrides(list(line.overrides))
    except (ConfigurationError, HydraException) as error:
        return error
    return None


def test_there_are_many_of_them():
    assert len(set(BAD)) > 100


@pytest.mark.parametrize("bad", BAD, ids=ascii)
def test_a_malformed_argument_is_read_or_answered_in_our_words(bad):
    error = read(bad)
    assert error is None or told(error, bad)


@pytest.mark.parametrize("bad", COMPOSED, ids=ascii)
def test_what_cannot_be_composed_is_answered_in_our_words(bad, tunekit):
    finished = tunekit(*SCRIPT, *([] if bad.startswith("benchmark.space.lr=") else [LR]), bad)
    assert finished.status == 2
    assert finished.out == ""
    assert len(finished.err.splitlines()) == 1
    assert not OF_LIBRARIES.search(finished.err)
    assert TOLD.search(finished.err)
    assert bad.lstrip("+~").partition("=")[0].partition(".")[0] in finished.err


@settings(max_examples=200, deadline=None)
@given(key=KEYS, value=st.lists(ALPHABET, max_size=8).map("".join))
def test_whatever_is_typed_is_read_or_answered_in_our_words(key, value):
    error = read(f"{key}={value}")
    assert error is None or told(error, f"{key}={value}")
