"""What follows from experiments: tests of pairs, sentences, ranks, warnings."""

import re
from pathlib import Path

import attrs
import numpy as np
import pytest
from scipy import stats

from tests.app.studies.made import best, experiment, over_seeds, study
from tunekit import compare
from tunekit.figures import best_over_time, critical_difference_diagram
from tunekit.studies.comparison_json import as_json
from tunekit_core.errors import ConfigurationError

ALIKE = "nowhere-robot_arm: ASHA and {} are equal in all 20 seeds that both have."
rng = np.random.default_rng(0)
NOISE = rng.normal(size=20)
WORSE = 0.5 + 0.01 * NOISE
BETTER = WORSE * (0.8 + 0.02 * rng.normal(size=20))


def test_a_method_that_is_better_in_all_seeds_is_called_better_with_how_much():
    comparison = compare(study(*over_seeds("ASHA", WORSE), *over_seeds("MOBSTER", BETTER)))
    (pair,) = comparison.benchmarks[0].pairs
    assert (pair.first, pair.second, pair.n_seeds, pair.is_better) == ("MOBSTER", "ASHA", 20, True)
    assert pair.p == pytest.approx(stats.wilcoxon(BETTER, WORSE).pvalue)
    assert pair.estimate == pytest.approx(100 * np.median((WORSE - BETTER) / WORSE))
    assert pair.difference.low < pair.estimate < pair.difference.high
    (sentence,) = comparison.sentences()
    assert sentence.startswith("nowhere-robot_arm: MOBSTER is better than ASHA from 1 s on; at the end 2")
    assert sentence.endswith("(20 seeds, p < 0.001).")


@pytest.mark.parametrize("factor", [1 - 1e-15, 1 - 1e-12, 1 + 1e-10])
def test_what_only_the_rounding_of_numbers_makes_is_no_difference(factor):
    experiments = [
        run
        for dataset in map(str, range(10))
        for run in (*over_seeds("ASHA", WORSE, dataset), *over_seeds("MOBSTER", WORSE * factor, dataset))
    ]
    comparison = compare(study(*experiments))
    assert {
        (pair.is_better, pair.p, pair.estimate, pair.since, pair.is_equal) for pair in comparison.benchmarks[0].pairs
    } == {(False, 1.0, 0.0, None, True)}
    assert comparison.ranks == {"ASHA": 1.5, "MOBSTER": 1.5}
    assert comparison.critical_difference.cliques == ((0, 1),)


def test_from_when_on_is_where_the_band_leaves_zero_for_good():
    def curves(method, late):
        return [
            experiment(method, seed=i, curve=best([0.0, 40.0], [0.5 + 0.01 * NOISE[i], late[i]])) for i in range(20)
        ]

    comparison = compare(study(*curves("ASHA", WORSE), *curves("MOBSTER", BETTER)))
    (pair,) = comparison.benchmarks[0].pairs
    assert pair.since == 40.0
    (other,) = compare(study(*curves("ASHA", BETTER), *curves("MOBSTER", BETTER))).benchmarks[0].pairs
    assert (other.is_better, other.since, other.adjusted) == (False, None, 1.0)


def test_a_higher_value_is_better_where_the_metric_is_to_be_large():
    told = {"mode": ["max"], "metric": ["accuracy"]}
    comparison = compare(study(*over_seeds("ASHA", WORSE, told=told), *over_seeds("MOBSTER", BETTER, told=told)))
    (sentence,) = comparison.sentences()
    assert "ASHA is better than MOBSTER from 1 s on; at the end 2" in sentence
    assert "% higher accuracy [" in sentence


def test_where_values_have_both_signs_differences_are_in_units_of_the_metric():
    comparison = compare(study(*over_seeds("ASHA", WORSE - 0.45), *over_seeds("MOBSTER", BETTER - 0.45)))
    (pair,) = comparison.benchmarks[0].pairs
    assert pair.unit == ""
    assert pair.estimate == pytest.approx(np.median(WORSE - BETTER))


def test_methods_that_are_not_told_apart_are_told_so_with_what_it_takes():
    close = WORSE * (0.998 + 0.01 * rng.normal(size=20))
    comparison = compare(study(*over_seeds("ASHA", WORSE), *over_seeds("MOBSTER", close)))
    (sentence,) = comparison.sentences()
    assert "are not told apart" in sentence
    assert "seeds would settle it" in sentence


def test_equal_results_end_alike():
    comparison = compare(study(*over_seeds("ASHA", WORSE), *over_seeds("MOBSTER", WORSE)))
    assert comparison.sentences() == [ALIKE.format("MOBSTER")]


def test_too_few_seeds_for_any_verdict_are_told_with_how_many_it_takes():
    runs = [run for name in "ABCDEFGH" for run in over_seeds(name, WORSE[:10] + ord(name))]
    compared = compare(study(*runs)).benchmarks[0]
    assert (len(compared.pairs), compared.least_seeds, compared.is_possible) == (28, 11, False)
    (sentence,) = compare(study(*runs)).sentences()
    assert "With 10 seeds that both have, none of the 28 pairs can be told apart: it takes 11 at least." in sentence
    against = compare(study(*runs), against="C").benchmarks[0]
    assert (len(against.pairs), against.least_seeds, against.is_possible) == (7, 9, True)
    assert all("C" in (pair.first, pair.second) for pair in against.pairs)


def test_too_few_seeds_are_counted_for_all_pairs_where_some_share_fewer():
    runs = [*over_seeds("A", WORSE[:6]), *over_seeds("B", BETTER[:6]), *over_seeds("C", WORSE[:3] + 1)]
    (sentence,) = compare(study(*runs)).sentences()
    assert "With 3 to 6 seeds that both have, none of the 3 pairs can be told apart: it takes 7 at least." in sentence


def test_p_values_are_adjusted_by_holm_over_the_pairs_of_a_benchmark():
    runs = [*over_seeds("A", WORSE), *over_seeds("B", BETTER), *over_seeds("C", WORSE + 0.004 * rng.normal(size=20))]
    pairs = compare(study(*runs)).benchmarks[0].pairs
    ordered = sorted(pair.p for pair in pairs)
    expected = np.maximum.accumulate(np.minimum(1, np.array(ordered) * [3, 2, 1]))
    assert sorted(pair.adjusted for pair in pairs) == pytest.approx(expected)


def test_pairs_are_of_equal_seeds_and_only_of_those_that_both_have():
    runs = [*over_seeds("A", WORSE), *over_seeds("B", BETTER)[5:]]
    (pair,) = compare(study(*runs)).benchmarks[0].pairs
    assert pair.n_seeds == 15
    assert pair.p == pytest.approx(stats.wilcoxon(BETTER[5:], WORSE[5:]).pvalue)


def test_methods_without_a_common_seed_are_in_no_pair():
    runs = [*over_seeds("A", WORSE)[:5], *over_seeds("B", BETTER)[5:]]
    compared = compare(study(*runs)).benchmarks[0]
    assert (compared.pairs, compared.without_seeds) == ([], [("B", "A")])
    assert compare(study(*runs)).sentences() == [
        "nowhere-robot_arm: B and A share no seed, so that they are not tested."
    ]


def test_a_run_that_found_nothing_is_worse_than_any_that_did():
    nothing = [experiment("ASHA", seed=i, curve=best([], [])) for i in range(20)]
    comparison = compare(study(*nothing, *over_seeds("MOBSTER", BETTER)))
    (pair,) = comparison.benchmarks[0].pairs
    assert (pair.first, pair.is_better, pair.difference, pair.since) == ("MOBSTER", True, None, None)
    (sentence,) = comparison.sentences()
    assert sentence == "nowhere-robot_arm: MOBSTER is better than ASHA (20 seeds, p < 0.001)."
    both = compare(study(*nothing, *(attrs.evolve(run, metadata={**run.metadata, "method": "B"}) for run in nothing)))
    assert both.sentences() == [
        "nowhere-robot_arm: neither ASHA nor B has found anything in all 20 seeds that both have."
    ]
    (pair,) = as_json(both)["benchmarks"][0]["pairs"]
    assert (pair["estimate"], pair["difference"], pair["n_without"]) == (None, None, 20)


def test_where_most_seeds_have_no_value_of_either_the_median_is_said_to_be_of_none():
    def runs(method, values):
        return [
            experiment(method, seed=i, curve=best([], []) if value is None else best([0], [value]))
            for i, value in enumerate(values)
        ]

    comparison = compare(study(*runs("A", [0.1, 0.2, *[None] * 4]), *runs("B", [0.3, *[None] * 5])))
    (pair,) = comparison.benchmarks[0].pairs
    assert (pair.n_without, pair.difference) == (4, None)
    assert "not told apart: in 4 of 6 seeds neither has found anything (6 seeds" in comparison.sentences()[0]


def test_first_values_that_come_after_the_time_limit_are_no_values():
    runs = [experiment(method, seed=i, curve=best([150.0], [0.1])) for method in ("A", "B") for i in range(6)]
    assert "neither A nor B has found anything in all 6 seeds" in compare(study(*runs)).sentences()[0]


def test_what_is_called_better_is_so_by_the_test_and_by_the_median():
    """Ranks of large differences may be for one, and the median of many small ones for the other."""
    differences = np.array([-0.001 * i for i in range(1, 17)] + [16.0 + i for i in range(14)])
    comparison = compare(study(*over_seeds("A", 50 + differences), *over_seeds("B", [50.0] * 30)))
    (pair,) = comparison.benchmarks[0].pairs
    assert (pair.first, pair.is_better, pair.adjusted < 0.05, pair.estimate < 0) == ("B", False, True, True)
    (sentence,) = comparison.sentences()
    assert sentence.endswith("differ (30 seeds, p = 0.047), but neither is better by ranks and by the median alike.")


def test_a_pair_that_differs_in_few_seeds_all_for_one_is_told_apart():
    comparison = compare(study(*over_seeds("A", [1.0] * 11 + [0.5] * 9), *over_seeds("B", [1.0] * 20)))
    assert comparison.sentences() == [
        "nowhere-robot_arm: A is better than B; at the end the median difference is 0 % [0, 50] (20 seeds, p = 0.0039 "
        "by signed ranks, and the interval is of the median)."
    ]


def test_where_p_and_the_interval_seem_to_disagree_it_says_what_each_rests_on():
    gains = 0.01 * np.array([1, 2, 3, 4, -5.5, 6, 7, 8, 9, 10, 11])
    others = [run for i in range(6) for run in over_seeds(f"M{i}", [100.0] * 11)]
    comparison = compare(study(*over_seeds("A", WORSE[:11]), *over_seeds("B", WORSE[:11] * (1 - gains)), *others))
    (sentence,) = (each for each in comparison.sentences() if "A" in each and "B" in each)
    assert "B and A are not told apart: B has 6 % lower loss [1.9" in sentence
    assert "(11 seeds, p = 0.16 over all pairs, and the interval is of this pair alone)" in sentence


def test_where_many_runs_found_nothing_the_sentence_says_so():
    found = [experiment("A", seed=i, value=1.0) for i in range(6)]
    other = [experiment("B", seed=i, curve=best([], []) if i else best([0], [0.5])) for i in range(6)]
    (sentence,) = compare(study(*found, *other)).sentences()
    assert "A and B are not told apart: in many seeds one has found nothing (6 seeds, p = 0.062)" in sentence


def test_per_cents_are_of_the_other_in_the_same_seed_so_that_nothing_is_more_than_all_of_a_loss_lower():
    runs = [*over_seeds("A", [0.01] * 20), *over_seeds("B", 10.0 ** np.linspace(-1, 3, 20))]
    (pair,) = compare(study(*runs)).benchmarks[0].pairs
    assert 90 < pair.difference.low < pair.estimate < pair.difference.high < 100


def test_ranks_are_over_benchmarks_that_all_setups_have_been_run_on():
    def of(dataset, **losses):
        return [run for method, loss in losses.items() for run in over_seeds(method, [loss], dataset)]

    two = compare(study(*of("a", RS=3, ASHA=2, BO=1), *of("b", RS=3, ASHA=1, BO=1), *of("c", RS=1, ASHA=2)))
    assert two.ranks == {"ASHA": 1.75, "BO": 1.25, "RS": 3.0}
    assert (two.n_ranked, two.critical_difference) == (2, None)
    ten = compare(study(*(run for i in range(10) for run in of(f"d{i}", RS=10.0**i * 3, ASHA=10.0**i * 2, BO=10.0**i))))
    assert ten.ranks == {"ASHA": 2.0, "BO": 1.0, "RS": 3.0}
    assert ten.critical_difference.cliques == ()
    assert ten.critical_difference.p < 1e-3
    nothing = [experiment("NOTHING", f"d{i}", curve=best([], [])) for i in range(10)]
    runs = [run for i in range(10) for run in of(f"d{i}", RS=1e308, ASHA=-1.7e308)]
    critical = compare(study(*runs, *nothing)).critical_difference
    assert critical.cliques == ()


def test_whether_two_setups_are_told_apart_over_benchmarks_does_not_depend_on_a_third():
    draw = np.random.default_rng(5)
    runs, third = [], []
    for i in range(12):  # metrics of any size, and an offset
        base, size = 10.0 ** draw.integers(-3, 4), 10.0 ** draw.integers(-3, 4)
        runs += over_seeds("A", base + size * (draw.normal(size=8) - 0.5), f"d{i}")
        runs += over_seeds("B", base + size * draw.normal(size=8), f"d{i}")
        third += over_seeds("C", base + size * 10.0 ** draw.uniform(0, 9, size=8), f"d{i}")
    two, three = compare(study(*runs)), compare(study(*runs, *third))
    found, among = two.critical_difference.pairs[0, 1], three.critical_difference.pairs[0, 1]
    assert found < 0.05
    assert among == pytest.approx(3 * found)  # Holm's rule over three pairs
    pairs = as_json(three)["ranks"]["pairs"]
    assert pairs[0] == {"first": "A", "second": "B", "adjusted": among}


def test_a_setup_that_does_not_exist_is_refused():
    with pytest.raises(ConfigurationError, match=r"against=ASAH: there is no such setup\. Did you mean 'ASHA'"):
        compare(study(*over_seeds("ASHA", [1]), *over_seeds("RS", [1])), against="ASAH")


def warnings(*experiments):
    return list(compare(study(*experiments)).warnings)


def test_what_is_missing_is_told_with_where():
    runs = [*over_seeds("A", [1, 1, 1, 1]), *over_seeds("B", [1, 1]), *over_seeds("A", [1, 1, 1, 1], "diabetes")]
    assert warnings(*runs) == [
        "nowhere-diabetes: B has no run",
        "nowhere-robot_arm: B has the first 2 of 4 seeds: its pairs are over these",
    ]
    assert warnings(*runs[:4], runs[5]) == ["nowhere-robot_arm: B lacks 3 seeds that others have: 0, 2-3"]


def test_what_was_not_asked_for_is_not_missing():
    a, b = over_seeds("A", [1] * 4, told={"hash": "a"}), over_seeds("B", [1, 1], told={"hash": "b"})
    runs = [*a, *b, *over_seeds("A", [1] * 4, "diabetes", told={"hash": "a"})]
    asked_for = {"a": frozenset(range(4)), "b": frozenset(range(3))}
    told = compare(attrs.evolve(study(*runs), asked_for=asked_for)).warnings
    assert told == ["nowhere-robot_arm: B lacks 1 seed that others have: 2"]


def test_what_is_missing_alike_is_told_once():
    runs = [*over_seeds("A", [1] * 4), *over_seeds("B", [1, 1]), *over_seeds("C", [1, 1])]
    others = [*over_seeds("A", [1] * 4, "diabetes"), *over_seeds("A", [1] * 4, "wine")]
    assert warnings(*runs, *others) == [
        "nowhere-diabetes, nowhere-wine: B, C have no run",
        "nowhere-robot_arm: B, C have the first 2 of 4 seeds: their pairs are over these",
    ]


def test_runs_of_several_tags_are_told():
    first = over_seeds("A", [1, 1], told={"experiment_tag": "study"})
    second = over_seeds("B", [1, 1], told={"experiment_tag": "debug"})
    assert warnings(*first, *second) == [
        "nowhere-robot_arm: runs with 2 experiment tags are compared: debug, study. tag=debug chooses one"
    ]
    assert warnings(*first) == []


def test_what_is_not_complete_is_left_out_and_told():
    failed = experiment("A", seed=9, told={"status": "failed"}, curve=best([0], [0]))
    running = experiment("A", seed=8, told={"status": "running"}, curve=best([0], [0]))
    comparison = compare(study(*over_seeds("A", [1]), failed, running))
    assert list(comparison.warnings) == [
        f"1 experiment left out, failed: {failed.path}",
        f"1 experiment left out, running: {running.path}",
    ]
    assert len(comparison.panels[0].methods[0].curves) == 1


def test_runs_that_repeat_a_seed_are_told_with_what_they_differ_in():
    runs = [experiment("A", n_workers=2), experiment("A", n_workers=4, age=1)]
    (warning,) = compare(study(*runs), setups=("method",)).warnings
    assert "1 run of A repeats the seed of another" in warning
    assert "They differ in n_workers: name it in setups=." in warning
    assert str(runs[1].path) in warning


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"stopping": {"max_wallclock_time": {"distribution": "tunekit-hpo", "seconds": 50.0}}}, "time limits differ"),
        ({"stopping": {}}, "time limits differ between the runs: 100 s"),
        ({"stopping": {"max_num_evaluations": {"count": 3}}}, "time limits differ"),
        ({"n_workers": 64}, "numbers of workers differ"),
        ({"data_hash": "another"}, "data differ"),
        ({"told": {"versions": {"tunekit-hpo": "2"}}}, "versions of tunekit-hpo differ"),
    ],
)
def test_what_should_be_the_same_in_runs_that_are_compared_is_told_where_it_is_not(change, told):
    found = warnings(*over_seeds("A", [1, 1]), *over_seeds("B", [1, 1], **change))
    assert sum(told in each for each in found) == 1
    assert "results/A/robot_arm-0-0" in found[0]


def test_damaged_metadata_end_no_report():
    limits = ("abc", None, [1], 10**400, float("inf"), -1.0, True)
    for seconds in limits:
        stopping = {"max_wallclock_time": {"distribution": "tunekit-hpo", "seconds": seconds}}
        runs = [*over_seeds("A", [1, 1], stopping=stopping), *over_seeds("B", [1, 1], stopping="none")]
        compare(study(*runs))
    strange = {"told": {"numerics": {"blas": 7}}, "backend": {"name": "local"}}
    compare(study(*over_seeds("A", [1], **strange), *over_seeds("B", [1], told={"config": {"stopping": 3}})))


@pytest.mark.parametrize(
    "arguments", [{"error": "0.05"}, {"error": 0.0}, {"against": 3}, {"setups": [1]}, {"setups": "method"}]
)
def test_arguments_that_are_none_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ConfigurationError, match=name):
        compare(study(*over_seeds("ASHA", [1])), **arguments)


def test_a_folder_is_collected_before_it_is_compared():
    with pytest.raises(ConfigurationError, match=r"compare\(load_experiments\('results'\)\)"):
        compare("results")
    with pytest.raises(ConfigurationError, match=r"compare\(None\) needs .*\(load_experiments\('results'\)\)"):
        compare(None)


@pytest.mark.parametrize("draw", [best_over_time, critical_difference_diagram])
def test_a_study_is_compared_before_it_is_drawn(draw):
    made = study(*over_seeds("ASHA", [1]))
    for given, typed in (
        (made, "(study) needs a comparison: {}(compare(study))"),
        ("runs", "('runs') needs a comparison: {}(compare(load_experiments('runs')))"),
        (Path("runs"), "needs a comparison: {}(compare(load_experiments('runs')))"),
        (None, "(None) needs a comparison: {}(compare(load_experiments('results')))"),
    ):
        with pytest.raises(ConfigurationError, match=re.escape(typed.format(draw.__name__))):
            draw(given)


def test_names_do_not_steer_the_terminal_or_forge_lines():
    name = "\x1b[31mred\x1b[0m\nCheck: forged \u202e"
    comparison = compare(study(*over_seeds(name, WORSE), *over_seeds("B", BETTER)))
    shown = [method.label for panel in comparison.panels for method in panel.methods]
    assert all(label.isprintable() for label in shown)
    assert all(sentence.isprintable() for sentence in comparison.sentences())


def test_clocks_of_different_machines_are_told_but_for_simulated_ones():
    def on(architecture, backend):
        numerics = {"machine": "x86_64", "blas": [{"architecture": architecture}]}
        return {"told": {"numerics": numerics}, "backend": {"name": backend}}

    def found(backend):
        return warnings(*over_seeds("A", [1], **on("Haswell", backend)), *over_seeds("B", [1], **on("Zen", backend)))

    assert found("simulator") == []
    (warning,) = found("local")
    assert "machines, whose clocks are compared, differ between the runs: x86_64 Haswell as in" in warning


def test_a_method_that_was_chosen_on_a_problem_is_told():
    told = {"method_chosen_on": ["nowhere-robot_*"]}
    runs = [*over_seeds("AUTO", [1], told=told), *over_seeds("AUTO", [1], "diabetes", told=told)]
    assert warnings(*runs) == [
        "nowhere-robot_arm: AUTO was chosen on this problem: how it compares here says less of others"
    ]


def test_all_of_it_is_json():
    import json

    comparison = compare(study(*over_seeds("ASHA", WORSE), *over_seeds("MOBSTER", BETTER)), against="ASHA")
    told = json.loads(json.dumps(as_json(comparison), allow_nan=False))
    assert told["benchmarks"][0]["pairs"][0]["first"] == "MOBSTER"
    assert told["benchmarks"][0]["setups"][0]["at"]["1"]["median"] == np.median(BETTER)
    nothing = [experiment("ASHA", seed=i, curve=best([], [])) for i in range(20)]
    json.dumps(as_json(compare(study(*nothing, *over_seeds("MOBSTER", BETTER)))), allow_nan=False)
