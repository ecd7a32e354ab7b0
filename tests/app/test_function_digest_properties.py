"""Programs that are made at random: what makes no difference to them makes none to their digests, and the reverse."""

import json
import os
import subprocess
import sys

from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tunekit.functions.canonical import digest_of_function

LEAF = "@"  # an expression of one operator and one constant, which no compiler folds or leaves out
OPERATORS = ("+", "-", "*", "//", "%", "<<", "&", "|", "^", "<", "==", "!=", "in")

expressions = st.recursive(
    st.sampled_from([LEAF, LEAF, "a", "y", "z"]),
    lambda inside: st.one_of(
        st.builds("({} + {})".format, inside, inside),
        st.builds("({} or {})".format, inside, inside),
        st.builds("({} if {} else {})".format, inside, inside, inside),
        st.builds("g({}, k={})".format, inside, inside),
        st.builds("[{}, {}]".format, inside, inside),
        st.builds("{{{}: {}}}".format, inside, inside),
        st.builds("[{} for x in g({}) if {}]".format, inside, inside, inside),
        st.builds("(lambda x: {})".format, inside),
        st.builds("x[{}].b".format, inside),
    ),
    max_leaves=5,
)


def indented(*blocks):
    return "\n".join(f"    {line}" for block in blocks for line in block.splitlines())


def block(*parts):
    """Statements with what is inside them; odd parts are blocks."""
    return "\n".join(indented(part) if number % 2 else part for number, part in enumerate(parts))


statements = st.recursive(
    st.one_of(
        st.builds("x = {}".format, expressions),
        st.builds("x.b, y = {}, {}".format, expressions, expressions),
        st.builds("x = x in {{{}, 'b', {}}}".format, st.sampled_from("cde"), st.integers(2, 9)).map(
            lambda line: line.replace("{c", "{'c'").replace("{d", "{'d'").replace("{e", "{'e'")
        ),
    ),
    lambda inside: st.one_of(
        st.builds("{}\n{}".format, inside, inside),
        st.builds(lambda e, one, two: block(f"if {e}:", one, "else:", two), expressions, inside, inside),
        st.builds(lambda e, one: block(f"for x in g({e}):", one + "\nif x: break"), expressions, inside),
        st.builds(lambda e, one: block(f"while {e}:", one), expressions, inside),
        st.builds(lambda one, two: block("try:", one, "except KeyError:", two), inside, inside),
        st.builds(lambda one, two: block("try:", one, "finally:", two), inside, inside),
        st.builds(lambda e, one: block(f"with g({e}) as x:", one), expressions, inside),
        st.builds(lambda e, one: block(f"def h(x, y={e}):", one + "\nreturn x") + "\nx = h", expressions, inside),
    ),
    max_leaves=6,
)


def program(body):
    """The variable, the closure and the default are leaves as well."""
    function = block(f"def f(x, y=g({LEAF})):", f"{body}\nreturn x, y, z, a")
    function = block("def make(z):", f"{function}\nreturn f")
    return f"x = 0\ndef g(*x, k=1): return repr((x, k))\na = g({LEAF})\n{function}\nf = make(g({LEAF}))"


def filled(text, leaves):
    *parts, end = text.split(LEAF)
    values = [f"(x {operator} {constant})" for operator, constant in leaves]
    return "".join(f"{part}{value}" for part, value in zip(parts, values, strict=True)) + end


@st.composite
def programs(draw):
    """A program without its leaves, and those."""
    text = program(draw(statements))
    n = text.count(LEAF)
    # The variable, the closure and the default are computed: most operators would fail or give equal values.
    return text, draw(st.lists(st.tuples(st.sampled_from(OPERATORS), st.integers(2, 10**6)), min_size=n, max_size=n))


def computable(text, leaves):
    """The same with leaves outside the function that can be computed, and differ where their constants do."""
    inside = range(2, len(leaves) - 1)
    return filled(text, [leaf if number in inside else ("+", leaf[1]) for number, leaf in enumerate(leaves)])


def digest(source):
    namespace = {"__name__": "__main__"}
    exec(compile(source, "<string>", "exec"), namespace)
    return digest_of_function(namespace["f"])


@given(programs(), st.data())
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_each_constant_and_operator_counts(made, data):
    text, leaves = made
    changed = data.draw(st.integers(0, len(leaves) - 1))
    operator, constant = leaves[changed]
    is_outside = changed in (0, 1, len(leaves) - 1)
    if is_outside or data.draw(st.booleans()):
        other = (operator, constant + 1)
    else:
        other = (data.draw(st.sampled_from(OPERATORS).filter(lambda each: each != operator)), constant)
    before = computable(text, leaves)
    after = computable(text, [*leaves[:changed], other, *leaves[changed + 1 :]])
    assert digest(before) != digest(after)


@given(programs(), st.data())
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_comments_and_blank_lines_do_not_count(made, data):
    source = computable(*made)
    between = st.sampled_from(["\n", "\n\n", "  # why\n", "\n    # where\n\n"])
    edited = "".join(line + data.draw(between) for line in source.splitlines())
    assert digest(source) == digest(edited)


@given(st.lists(programs(), min_size=20, max_size=40))
@settings(deadline=None, max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_another_process_finds_the_same(made):
    sources = [computable(*each) for each in made]
    command = (
        "import json, sys; sys.path[:0] = json.loads(sys.argv[1]); from tunekit.functions.canonical import "
        "digest_of_function\nfor source in json.load(sys.stdin):\n    space = {'__name__': '__main__'}\n"
        "    exec(source, space)\n    print(digest_of_function(space['f']))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", command, json.dumps(sys.path)],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [digest(source) for source in sources]
