"""Which runs a sweep has, against the definition written out: products, blocks, what is left out, first seeds."""

import builtins
import itertools
import operator

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hypothesis import given, settings, strategies as st
from omegaconf import OmegaConf

from hydra_plugins.tunekit_sweeper.sweeper import TunekitSweeperConf
from tunekit.config.arguments import parse
from tunekit.config.composition.blocks import read_sweep
from tunekit.config.composition.combinations import Axis, Block, Choice, Condition, Repeats, chosen, different
from tunekit.config.composition.overrides import Overrides
from tunekit.config.composition.sweep_options import sweep_options
from tunekit.config.planning import plan_command
from tunekit_core.errors import ConfigurationError

KEYS = ("seed", "n_workers", "tags.a", "tags.b")
ALSO_ONLY = "tags.c"
VALUES = {
    **{key: [0, 1, 2, 3] for key in ("seed", "n_workers")},
    **{key: [1, True, "x", 0.5] for key in ("tags.a", "tags.b", ALSO_ONLY)},
}
OVERRIDES = Overrides(ConfigLoaderImpl(create_config_search_path(None)))


def as_typed(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(typed, *, zip=None, also=None, exclude=None, repeats=None, params=None, options_typed=()):
    """The combinations of a sweep, each as what it gives by key."""
    sweeper = TunekitSweeperConf(params=params or {}, zip=zip, also=also, exclude=exclude, repeats=repeats)
    lines = [f"hydra.sweeper.{name}=x" for name in options_typed]
    hydra = OmegaConf.create({"sweeper": OmegaConf.structured(sweeper), "overrides": {"hydra": lines}})
    arguments = [f"{key}={','.join(map(as_typed, values))}" for key, values in typed.items()]
    sweep = read_sweep(OVERRIDES, sweep_options(hydra), arguments)
    points = chosen(sweep.blocks, sweep.exclude, sweep.repeats)
    return [{choice.key: choice.value for choice in point} for point in points]


def equal(one, other):
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def written_out(typed, *, zip, also, exclude, repeats):
    """The same, slowly and as it is documented."""
    found = []
    for block in [typed, *({**typed, **more} for more in also)]:
        seeds = list(dict.fromkeys(block.get("seed", [])))
        for positions in itertools.product(*(range(len(values)) for values in block.values())):
            at = dict(builtins.zip(block, positions, strict=True))
            if any(len({at[key] for key in group}) > 1 for group in zip):
                continue
            run = {key: block[key][position] for key, position in at.items()}
            if any(
                all(key in run and any(equal(run[key], value) for value in values) for key, values in one.items())
                for one in exclude
            ):
                continue
            limits = [n for key, value, n in repeats if key in run and equal(run[key], value)]
            if limits and run["seed"] not in seeds[: min(limits)]:
                continue
            found.append(run)
    return found


def as_pairs(run):
    return sorted((key, repr(value)) for key, value in run.items())  # true is not 1


@st.composite
def sweeps(draw):
    lists = {key: st.lists(st.sampled_from(values), min_size=1, max_size=3) for key, values in VALUES.items()}
    keys = draw(st.permutations(KEYS))
    typed = {key: draw(lists[key]) for key in keys[: draw(st.integers(1, 4))]} | {"seed": draw(lists["seed"])}
    also = draw(
        st.lists(
            st.lists(st.sampled_from([*KEYS, ALSO_ONLY]), min_size=1, max_size=3, unique=True).flatmap(
                lambda names: st.fixed_dictionaries({name: lists[name] for name in names})
            ),
            max_size=3,
        )
    )
    group = draw(st.sampled_from([[], [key for key in typed][:2]]))
    group = group if len(group) == 2 else []
    if group:  # what varies together is equally long, and given by a block as a whole
        first, second = group
        for block in (typed, *also):
            n = min(len(block.get(key, typed[key])) for key in group)
            if block is typed or first in block or second in block:
                block.update({key: block.get(key, typed[key])[:n] for key in group})
    blocks = [typed, *({**typed, **block} for block in also)]
    there = [(key, value) for block in blocks for key, values in block.items() for value in values]
    exclude = draw(
        st.lists(
            st.lists(st.sampled_from(there), min_size=1, max_size=3).map(
                lambda pairs: {key: [value for other, value in pairs if other == key] for key, _ in pairs}
            ),
            max_size=3,
        )
    )
    repeats = draw(
        st.lists(st.tuples(st.sampled_from([pair for pair in there if pair[0] != "seed"] or [None]), st.integers(1, 2)))
    )
    return typed, [group] if group else [], also, exclude, [(*pair, n) for pair, n in repeats if pair is not None]


@settings(max_examples=100, deadline=None)
@given(sweeps())
def test_a_sweep_has_the_runs_of_its_definition_in_its_order(sweep):
    typed, zip, also, exclude, repeats = sweep
    numbers: dict = {}
    for key, value, n in repeats:  # a mapping has one number for each value
        numbers.setdefault(key, {})[as_typed(value)] = n
    kept = [(key, value, numbers[key][as_typed(value)]) for key, value, _ in repeats]
    expected = written_out(typed, zip=zip, also=also, exclude=exclude, repeats=kept)
    try:
        found = read(
            typed,
            zip=zip,
            also=also,
            exclude=exclude,
            repeats=numbers,
            options_typed=("also", "exclude", "repeats"),
        )
    except ConfigurationError as error:  # what says nothing is refused
        if not ("cannot have 2 seeds" in str(error) or "no combination has" in str(error)):
            raise
        return
    assert list(map(as_pairs, found)) == list(map(as_pairs, expected))


@settings(max_examples=60, deadline=None)
@given(sweeps(), st.data())
def test_what_is_typed_narrows_a_study_of_a_file(sweep, data):
    params, _, also, exclude, _ = sweep
    blocks = [params, *({**params, **block} for block in also)]
    exclude = [one for one in exclude if any(may_hold(one, block) for block in blocks)]  # the others are refused
    keys = data.draw(st.lists(st.sampled_from(list(params)), unique=True, max_size=2))
    typed = {key: data.draw(st.lists(st.sampled_from(VALUES[key]), min_size=1, max_size=2)) for key in keys}
    narrowed = [
        {key: [value for value in block[key] if key not in typed or has(typed[key], value)] for key in block}
        for block in also
    ]
    left = [block for block in narrowed if all(block.values())]
    expected = written_out({**params, **typed}, zip=[], also=left, exclude=exclude, repeats=[])
    in_file = {key: ",".join(map(as_typed, values)) for key, values in params.items()}
    found = read(typed, params=in_file, also=also, exclude=exclude)
    assert list(map(as_pairs, found)) == list(map(as_pairs, expected))


def has(values, value):
    return any(equal(each, value) for each in values)


def may_hold(condition, block):
    return all(any(has(block.get(key, []), value) for value in values) for key, values in condition.items())


def specs(*arguments):
    """Method, number of workers and seed of each run."""
    planned = plan_command(parse(["--multirun", *arguments])).specs
    return [(spec.method_name, spec.results["n_workers"], spec.seed) for spec in planned]


def test_of_many_runs_it_is_said_that_they_take_a_while(capsys):
    assert len(read({"seed": range(71), "n_workers": range(1, 72)})) == 5041
    assert capsys.readouterr().err == "This sweep has 5041 combinations, which takes a while to read.\n"


class TestZip:
    ZIP = "hydra.sweeper.zip="

    def test_groups_are_multiplied_in_the_order_of_their_first_keys(self):
        assert specs("method=RS,ASHA", "n_workers=1,2", "seed=3,4", f"{self.ZIP}[[method,n_workers]]") == [
            ("RS", 1, 3),
            ("RS", 1, 4),
            ("ASHA", 2, 3),
            ("ASHA", 2, 4),
        ]
        assert specs(
            "seed=3,4", "n_workers=1,2", "tags.a=x,y", "method=RS,ASHA", f"{self.ZIP}[[method,seed],[n_workers,tags.a]]"
        ) == [
            ("RS", 1, 3),
            ("RS", 2, 3),
            ("ASHA", 1, 4),
            ("ASHA", 2, 4),
        ]

    def test_a_recipe_may_be_written_with_a_plus(self):
        assert specs("+method=RS,ASHA", "seed=1,2", f"{self.ZIP}[[+method,seed]]") == [("RS", 4, 1), ("ASHA", 4, 2)]

    def test_components_vary_together(self):
        searchers = "searcher=random,grid"
        assert specs(searchers, "scheduler=fifo,asha_stopping", f"{self.ZIP}[[searcher,scheduler]]") == [
            ("fifo+random", 4, 0),
            ("asha_stopping+grid", 4, 0),
        ]

    def test_a_study_that_is_narrowed_to_one_value_of_each_key_is_one_run(self):
        assert specs("method=RS", "n_workers=2", f"{self.ZIP}[[method,n_workers]]") == [("RS", 2, 0)]


class TestAlso:
    def test_a_block_is_the_sweep_again_with_its_values(self):
        assert specs("method=RS,ASHA", "seed=1,2", "hydra.sweeper.also=[{method: BO, n_workers: [1, 2]}]") == [
            ("RS", 4, 1),
            ("RS", 4, 2),
            ("ASHA", 4, 1),
            ("ASHA", 4, 2),
            ("BO", 1, 1),
            ("BO", 2, 1),
            ("BO", 1, 2),
            ("BO", 2, 2),
        ]

    def test_what_several_blocks_have_is_run_once_where_it_comes_first(self):
        blocks = "hydra.sweeper.also=[{seed: range(1,4)}, {method: ASHA, seed: 0}]"
        assert specs("method=RS", "seed=range(2)", blocks) == [
            ("RS", 4, 0),
            ("RS", 4, 1),
            ("RS", 4, 2),
            ("RS", 4, 3),
            ("ASHA", 4, 0),
        ]

    def test_a_value_that_is_typed_once_is_replaced_in_a_block(self):
        assert specs("method=RS", "n_workers=2", "hydra.sweeper.also=[{n_workers: 3}]") == [("RS", 2, 0), ("RS", 3, 0)]

    def test_one_block_needs_no_list(self):
        assert specs("method=RS", "hydra.sweeper.also={method: ASHA}") == [("RS", 4, 0), ("ASHA", 4, 0)]

    def test_a_pattern_of_what_is_left_out_means_what_is_swept(self):
        swept = ("method=RS,ASHA,BO", "seed=0,1")
        assert {method for method, _, _ in specs(*swept, "hydra.sweeper.exclude=[{method: 'glob(A*)'}]")} == {
            "RS",
            "BO",
        }
        found = [method for method, _, _ in specs(*swept, "hydra.sweeper.repeats={method: {'glob(A*)': 1}}")]
        assert sorted(found) == ["ASHA", "BO", "BO", "RS", "RS"]

    def test_recipes_may_be_given_by_pattern(self):
        assert [method for method, _, _ in specs("method=RS", "hydra.sweeper.also=[{method: 'glob(ASHA*)'}]")] == [
            "RS",
            "ASHA",
            "ASHA-RELU",
            "ASHA-TANH",
        ]

    def test_options_of_components_and_single_values_are_found_under_their_names(self):
        planned = plan_command(
            parse(
                [
                    "--multirun",
                    "stopping.max_num_evaluations=100",
                    "hydra.sweeper.also=[{stopping.max_num_evaluations: 200}]",
                ]
            )
        )
        assert [spec.built_in_criteria["max_num_evaluations"] for spec in planned.specs] == [
            {"distribution": "tunekit-hpo", "revision": 1, "count": 100},
            {"distribution": "tunekit-hpo", "revision": 1, "count": 200},
        ]

    def test_what_varies_together_is_given_as_a_whole(self):
        zipped = ("method=RS,ASHA", "n_workers=1,2", "hydra.sweeper.zip=[[method,n_workers]]")
        assert specs(*zipped, "hydra.sweeper.also=[{method: [BO, ASHA], n_workers: [3, 4]}]")[2:] == [
            ("BO", 3, 0),
            ("ASHA", 4, 0),
        ]
        with pytest.raises(ConfigurationError, match="a block gives method and not n_workers, which vary together"):
            specs(*zipped, "hydra.sweeper.also=[{method: BO}]")


class TestExclude:
    def test_a_combination_with_all_of_the_values_is_left_out(self):
        runs = specs(
            "method=RS,ASHA",
            "n_workers=1,2",
            "seed=0,1",
            "hydra.sweeper.exclude=[{method: RS, n_workers: 2, seed: [0, 1]}, {method: ASHA, seed: 1}]",
        )
        assert runs == [("RS", 1, 0), ("RS", 1, 1), ("ASHA", 1, 0), ("ASHA", 2, 0)]

    def test_true_is_not_1(self):
        assert len(specs("tags.a=1,true", "seed=0,1", "hydra.sweeper.exclude=[{tags.a: true, seed: 1}]")) == 2
        with pytest.raises(ConfigurationError, match="no run has n_workers=true"):
            specs("n_workers=1,2", "hydra.sweeper.exclude=[{n_workers: true}]")


class TestRepeats:
    def test_the_first_seeds_are_kept_and_of_several_numbers_the_smallest(self):
        several = "hydra.sweeper.repeats={method: {RS: 2}, n_workers: {1: 1}}"
        assert specs("method=RS,ASHA", "n_workers=1,2", "seed=5,3,4", several) == [
            ("RS", 1, 5),
            ("RS", 2, 5),
            ("RS", 2, 3),
            ("ASHA", 1, 5),
            ("ASHA", 2, 5),
            ("ASHA", 2, 3),
            ("ASHA", 2, 4),
        ]


def study(folder, text):
    """A study in a file of the user's; how to choose it."""
    (folder / "mine" / "experiment").mkdir(parents=True, exist_ok=True)
    (folder / "mine" / "experiment" / "small.yaml").write_text(
        f"# @package _global_\nexperiment: {{name: small}}\n{text}"
    )
    return "--config-dir", str(folder / "mine"), "experiment=small"


FILE = """
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      method: RS,ASHA
      n_workers: 1,2
      seed: range(3)
    zip: [[method, n_workers]]
    also:
      - method: [BO, MOBSTER]
        n_workers: [3, 4]
        seed: 0,1
    exclude:
      - {method: MOBSTER, seed: 1}
    repeats:
      method: {RS: 1}
"""
WHOLE = [("RS", 1, 0), ("ASHA", 2, 0), ("ASHA", 2, 1), ("ASHA", 2, 2), ("BO", 3, 0), ("BO", 3, 1), ("MOBSTER", 4, 0)]


class TestFiles:
    def test_a_file_may_hold_all_of_it(self, tmp_path):
        assert specs(*study(tmp_path, FILE)) == WHOLE

    @pytest.mark.parametrize(
        ("typed", "runs"),
        [
            (["seed=0"], [run for run in WHOLE if run[2] == 0]),
            (["seed=2"], [("ASHA", 2, 2)]),
            (["seed=0,2"], [("RS", 1, 0), ("ASHA", 2, 0), ("ASHA", 2, 2), ("BO", 3, 0), ("MOBSTER", 4, 0)]),
            (["method=RS,ASHA"], WHOLE[:4]),
            (["method=RS,BO"], None),
        ],
    )
    def test_what_is_typed_narrows_every_block(self, tmp_path, typed, runs):
        if runs is None:
            with pytest.raises(ConfigurationError, match="equally many, but method has 1, n_workers has 2"):
                specs(*study(tmp_path, FILE), *typed)
        else:
            assert specs(*study(tmp_path, FILE), *typed) == runs

    @pytest.mark.parametrize("seeds", ["7,8", "2,3"])
    def test_of_seeds_that_a_file_does_not_have_the_first_typed_are_counted(self, tmp_path, seeds):
        first, second = map(int, seeds.split(","))
        chosen = (*study(tmp_path, FILE), "method=RS,ASHA", f"seed={seeds}")
        assert specs(*chosen) == [("RS", 1, first), ("ASHA", 2, first), ("ASHA", 2, second)]

    def test_a_number_that_is_typed_counts_the_seeds_of_the_sweep_as_it_is_typed(self, tmp_path):
        typed = ("method=RS,ASHA", "seed=1,2", "hydra.sweeper.repeats={method: {ASHA: 1}}")
        assert specs(*study(tmp_path, FILE), *typed) == [("RS", 1, 1), ("RS", 1, 2), ("ASHA", 2, 1)]

    def test_seeds_of_which_none_counts_are_refused(self, tmp_path):
        text = FILE.partition("    zip")[0] + "    repeats:\n      method: {RS: 1}\n"
        with pytest.raises(ConfigurationError, match=r"hydra\.sweeper\.repeats leaves nothing to run: .*Type values"):
            specs(*study(tmp_path, text), "method=RS", "seed=2")

    def test_what_is_typed_to_leave_something_open_narrows_nothing(self, tmp_path):
        blocks = "hydra: {mode: MULTIRUN, sweeper: {also: [{benchmark: synthetic, seed: 1}]}}"
        chosen = study(tmp_path, blocks)
        assert specs(*chosen, "benchmark=null", "~tags") == [("fifo+random", 4, 0), ("fifo+random", 4, 1)]

    @pytest.mark.parametrize(
        ("line", "refusal"),
        [
            ("    exclud: []", "no option 'hydra.sweeper.exclud'. Did you mean 'exclude'"),
            ("    exclude: [{method: BOX}]", "no run has method=BOX. Did you mean 'BO'"),
            ("    repeats: {method: {BO: 3}}", "method=BO cannot have 3 seeds, since 2 are given"),
            ("    also: [3]", "hydra.sweeper.also=[3] must hold mappings from keys to values"),
        ],
    )
    def test_a_mistake_in_a_file_is_refused_in_one_sentence_or_two(self, tmp_path, line, refusal):
        name = line.strip().partition(":")[0]
        text = FILE.replace("exclude:\n      - {method: MOBSTER, seed: 1}", "") if name == "exclude" else FILE
        text = text.split("    repeats:")[0] if name == "repeats" else text
        text = text.partition("    zip")[0] if name == "also" else text
        with pytest.raises(ConfigurationError, match=refusal.replace("[", r"\[").replace("]", r"\]")):
            specs(*study(tmp_path, f"{text.rstrip()}\n{line}\n"))

    def test_several_files_that_hold_sweeps_are_refused_together(self, tmp_path):
        with pytest.raises(
            ConfigurationError, match=r"experiment=small holds a sweep of its own, .* Run each by itself"
        ):
            specs(*study(tmp_path, FILE)[:2], "experiment=small,demo_study")


class Counted(int):
    """A seed that counts how often it is compared."""

    n_comparisons = 0
    __hash__ = int.__hash__

    def __eq__(self, other):
        Counted.n_comparisons += 1
        return operator.eq(int(self), int(other)) if isinstance(other, int) else NotImplemented


def test_no_seed_is_compared_with_all_the_others(monkeypatch):
    monkeypatch.setattr(Counted, "n_comparisons", 0)
    seeds = [Counted(i) for i in range(300)]
    assert different([*seeds, *seeds]) == seeds
    block = Block([Axis(tuple((Choice("seed", seed),) for seed in seeds))], seeds)
    exclude = [Condition({"seed": [Counted(i) for i in range(100)]})]
    kept = [*chosen([block], exclude, [Repeats("seed", Counted(250), 100)])]
    assert len(kept) == 199
    assert Counted.n_comparisons < 20 * len(seeds)


def test_ranges_are_not_parsed_number_by_number(monkeypatch):
    parser = OVERRIDES._parser
    n_lines = []
    parse = parser.parse_overrides
    monkeypatch.setattr(parser, "parse_overrides", lambda lines: n_lines.append(len(lines)) or parse(lines))
    typed = ["range(3,-3,-2)", "range(0,1,0.3)", "float(range(3))", "sort(range(3),reverse=true)"]
    found = [OVERRIDES.choices(override) for override in OVERRIDES.read([f"+tags.a={text}" for text in typed])]
    assert sum(n_lines) == len(typed)
    for choices in found:
        lines = [choice.override.input_line for choice in choices]
        assert [choice.override for choice in choices] == parse(lines)


@pytest.mark.parametrize(("values", "n"), [([1, True, 1.0, "1"], 3), ([[1], [True], [1.0]], 2), ([{"a": 1}, {}], 2)])
def test_what_is_true_is_not_1(values, n):
    assert len(different([*values, *values])) == n
