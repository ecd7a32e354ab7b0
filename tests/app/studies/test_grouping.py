"""Which experiments are runs of one setup on one benchmark."""

import pytest

from tests.app.studies.made import best, experiment
from tunekit.studies.benchmark_runs import group
from tunekit.studies.grouping import Grouping, seed_of
from tunekit.studies.panels import panel_of
from tunekit_core.errors import ConfigurationError


def panels(*experiments, **keys):
    return [panel_of(runs) for runs in group(experiments, Grouping(**keys))]


def labels(*experiments, **keys):
    return [method.label for method in panels(*experiments, **keys)[0].methods]


def test_there_is_a_panel_for_each_benchmark_with_its_methods_the_best_first():
    found = panels(
        experiment("RS", value=0.5),
        experiment("ASHA", value=0.3),
        experiment("ASHA", seed=1, value=0.4),
        experiment("RS", "diabetes", value=0.1),
    )
    assert [panel.problem for panel in found] == ["nowhere-diabetes", "nowhere-robot_arm"]
    assert [(method.label, len(method.curves)) for method in found[1].methods] == [("ASHA", 2), ("RS", 1)]
    assert found[1].methods[0].seeds == [0, 1]


def test_what_was_tuned_for_another_metric_is_not_compared():
    kinds = (("loss", "min"), ("accuracy", "max"), ("loss", "max"))
    found = panels(*(experiment(told={"metric": [metric], "mode": [mode]}) for metric, mode in kinds))
    assert [(panel.metric, panel.mode) for panel in found] == [("accuracy", "max"), ("loss", "max"), ("loss", "min")]


def test_where_higher_is_better_the_highest_comes_first():
    told = {"mode": ["max"]}
    assert labels(experiment("ASHA", value=0.3, told=told), experiment("RS", value=0.5, told=told)) == ["RS", "ASHA"]


def test_a_method_without_a_value_comes_last():
    assert labels(experiment("ASHA", curve=best([], [])), experiment("RS", value=0.3)) == ["RS", "ASHA"]


def test_options_that_vary_within_a_method_are_named():
    runs = [
        experiment(n_workers=2, value=0.5),
        experiment(n_workers=8, value=0.4),
        experiment("RS", value=0.6, scheduler={"name": "fifo"}),
    ]
    assert labels(*runs) == ["ASHA n_workers=8", "ASHA n_workers=2", "RS"]


def test_what_follows_from_the_benchmark_does_not_tell_setups_apart():
    """A setup has the same name on all benchmarks: only what differs on one of them is named."""
    limits = [{"max_wallclock_time": {"distribution": "tunekit-hpo", "seconds": seconds}} for seconds in (100.0, 900.0)]
    runs = [
        experiment(dataset=name, stopping=limit) for name, limit in zip(("robot_arm", "diabetes"), limits, strict=True)
    ]
    assert [[method.label for method in panel.methods] for panel in panels(*runs)] == [["ASHA"], ["ASHA"]]
    more = [*runs, experiment(dataset="diabetes", n_workers=8, stopping=limits[1])]
    assert [sorted(method.label for method in panel.methods) for panel in panels(*more)] == [
        ["ASHA n_workers=4", "ASHA n_workers=8"],
        ["ASHA n_workers=4"],
    ]


def test_components_that_vary_are_named_without_their_options():
    fifo = {"name": "fifo", "distribution": "tunekit-hpo"}
    asha = {"name": "asha_promotion", "distribution": "tunekit-asha", "brackets": 1}
    runs = [experiment("mine", scheduler=each, value=i) for i, each in enumerate((fifo, asha))]
    assert labels(*runs) == ["mine scheduler=fifo", "mine scheduler=asha_promotion"]


def test_components_of_one_name_are_told_apart_by_their_distribution():
    searchers = [{"name": "random", "distribution": home} for home in ("tunekit-hpo", "tunekit-other")]
    runs = [experiment(searcher=each, value=i) for i, each in enumerate(searchers)]
    assert labels(*runs) == ["ASHA searcher.distribution=tunekit-hpo", "ASHA searcher.distribution=tunekit-other"]


@pytest.mark.parametrize(
    ("paths", "shown"), [(("/data/a.csv", "/data/b.csv"), "ab"), (("/data/a/c.csv", "/data/b/c.csv"), ("a/c", "b/c"))]
)
def test_inputs_that_vary_are_named_by_as_much_of_their_path_as_tells_them_apart(paths, shown):
    searchers = [{"name": "random", "earlier": {"path": path, "sha256": path}} for path in paths]
    runs = [experiment(searcher=each, value=i) for i, each in enumerate(searchers)]
    assert labels(*runs) == [f"ASHA searcher.earlier={name}.csv" for name in shown]


def test_observers_change_no_result_and_tell_nothing_apart():
    observers = ({}, {"tensorboard": {"distribution": "tunekit-tensorboard"}})
    runs = [experiment(seed=i, observers=each) for i, each in enumerate(observers)]
    assert labels(*runs) == ["ASHA"]


def test_setups_and_benchmarks_are_what_any_keys_say():
    runs = [
        experiment("RS", value=0.1, told={"tags": {"size": 1}}),
        experiment("ASHA", value=0.2, n_workers=2, told={"tags": {"size": 2}}),
    ]
    assert labels(*runs, setups=("n_workers",)) == ["n_workers=4", "n_workers=2"]
    assert labels(*runs, setups=("method", "tags.size")) == ["RS tags.size=1", "ASHA tags.size=2"]
    found = panels(*runs, benchmarks=("benchmark", "tags.size"))
    assert [panel.problem for panel in found] == ["nowhere tags.size=1", "nowhere tags.size=2"]
    assert labels(*runs, setups=("scheduler.brackets",)) == ["scheduler.brackets=1"]


def test_a_key_that_no_experiment_has_is_refused_with_what_differs():
    runs = [experiment("RS"), experiment("ASHA", n_workers=2)]
    with pytest.raises(
        ConfigurationError, match=r"setups=n_worker: .*Did you mean 'n_workers'\? These differ: .*n_workers"
    ):
        labels(*runs, setups=("n_worker",))


def test_a_key_that_is_named_twice_is_refused():
    with pytest.raises(ConfigurationError, match="setups=method,method names 'method' 2 times"):
        labels(experiment("RS"), setups=("method", "method"))


def test_of_runs_with_one_seed_the_newest_counts():
    """Also where ``seed`` and ``random_seed`` have the same sum: they draw the same."""
    runs = [
        experiment(seed=1, value=0.1, age=2),
        experiment(seed=0, random_seed=1, value=0.2, age=1),
        experiment(seed=2, value=0.3),
    ]
    (found,) = group(runs, Grouping())
    assert [run.best.values[-1] for run in found.setups["ASHA"]] == [0.2, 0.3]
    assert [run.best.values[-1] for run in found.surplus["ASHA"]] == [0.1]


def test_runs_that_tell_no_seed_are_all_kept():
    runs = [experiment(told={"seed": ...}, age=i, value=i) for i in range(3)]
    (found,) = group(runs, Grouping())
    assert len(found.setups["ASHA"]) == 3
    assert found.surplus == {}
    assert seed_of(runs[0].metadata) is None


def test_experiments_that_were_not_made_by_the_command_line_are_compared_by_what_they_tell():
    told = {"config": ..., "dataset": ..., "method": ...}
    (panel,) = panels(experiment(told=told, curve=best([0], [1], end=80.0)))
    assert (panel.problem, panel.methods[0].label, panel.budget) == ("nowhere", "(no method)", 80.0)
    assert panels(experiment(told={**told, "benchmark": ...}))[0].problem == "(no benchmark)"


def test_the_time_limit_of_another_distribution_is_none_of_ours():
    theirs = {"max_wallclock_time": {"distribution": "tunekit-other", "hours": 1}}
    assert panels(experiment(curve=best([0], [1], end=80.0), stopping=theirs))[0].budget == 80.0


def test_the_budget_is_the_time_limit_or_the_longest_run():
    assert panels(experiment(curve=best([0], [1], end=80.0)))[0].budget == 100.0
    unlimited = [experiment(curve=best([0], [1], end=end), stopping={}, seed=i) for i, end in enumerate((80.0, 90.0))]
    assert panels(*unlimited)[0].budget == 90.0


def test_an_end_that_only_some_runs_have_tells_them_apart():
    limited = {"max_num_evaluations": {"distribution": "tunekit-hpo", "count": 20}}
    runs = [experiment(stopping={}, value=1), experiment(stopping=limited, value=2)]
    assert labels(*runs) == [
        "ASHA stopping.max_num_evaluations=null",
        "ASHA stopping.max_num_evaluations=20",
    ]


def limited(seconds):
    return {"max_wallclock_time": {"distribution": "tunekit-hpo", "revision": 1, "seconds": seconds}}


def test_a_key_and_a_value_are_shown_as_they_are_typed():
    runs = [
        experiment(stopping=limited(720.0), value=1),
        experiment(stopping=limited(0.5), value=2, scheduler={"name": "fifo", "is_fair": True}),
    ]
    assert labels(*runs, setups=("stopping.max_wallclock_time",)) == [
        "stopping.max_wallclock_time=720",
        "stopping.max_wallclock_time=0.5",
    ]
    in_full = "stopping.max_wallclock_time.seconds"
    assert labels(*runs, setups=(in_full,)) == [f"{in_full}=720", f"{in_full}=0.5"]
    assert labels(*runs, setups=("scheduler",)) == ["scheduler=asha_promotion", "scheduler=fifo"]
    assert labels(*runs, setups=("scheduler.is_fair",)) == ["scheduler.is_fair=null", "scheduler.is_fair=true"]


def test_of_a_criterion_with_several_options_the_option_is_named():
    runs = [experiment(stopping={"regret_bound": {"below": below, "after": 3}}, value=below) for below in (0.1, 0.2)]
    assert labels(*runs) == ["ASHA stopping.regret_bound.below=0.1", "ASHA stopping.regret_bound.below=0.2"]


def test_a_hyperparameter_that_is_called_path_is_no_file():
    runs = [experiment(fixed={"path": value}, value=value) for value in (0.25, 0.5)]
    assert labels(*runs) == ["ASHA fixed.path=0.25", "ASHA fixed.path=0.5"]


def with_commands(*commands):
    """Runs of a program for each method and command."""
    return [
        experiment(method, "fit", told={"benchmark": "script"}, benchmark={"name": "script", "command": command})
        for method, of_method in commands
        for command in of_method
    ]


def test_a_program_with_other_fixed_arguments_is_another_problem():
    """Two datasets of one's own are two problems, and no setup of the one is compared with the other's."""
    both = ("python fit.py --data a {arguments}", "python fit.py --data 'b c' {arguments}")
    found = panels(*with_commands(("RS", both), ("ASHA", both)))
    assert [(panel.problem, sorted(each.label for each in panel.methods)) for panel in found] == [
        ("script-fit 'b c'", ["ASHA", "RS"]),
        ("script-fit a", ["ASHA", "RS"]),
    ]


def test_words_in_another_order_are_another_problem_too():
    swapped = ("python fit.py --a b --c d", "python fit.py --c b --a d")
    found = panels(*with_commands(("RS", swapped)))
    assert [panel.problem for panel in found] == [f"script-fit {command}" for command in swapped]


def test_a_command_that_no_shell_can_split_is_told_from_others_too():
    odd = ("python fit.py --data a", "python fit.py --data 'b")
    assert len(panels(*with_commands(("RS", odd)))) == 2


def test_where_each_method_has_a_command_of_its_own_it_belongs_to_the_method():
    runs = with_commands(("RS", ["python fit.py"]), ("ASHA", ["python fit.py --checkpoints"]))
    assert sorted(labels(*runs)) == ["ASHA", "RS"]
    assert [panel.problem for panel in panels(*runs)] == ["script-fit"]


def with_spaces(*spaces, method="RS"):
    """Runs of a program, each with a search space."""
    program = {"name": "script", "command": "python fit.py", "max_resource_attr": "epochs"}
    return [
        experiment(method, "fit", told={"benchmark": "script"}, benchmark={**program, "space": {"lr": LR, **space}})
        for space in spaces
    ]


LR = "loguniform(0.01, 1.0)"


def test_a_constant_of_the_space_is_a_fixed_argument():
    """A dataset fixed there is a problem as one in the command is; how far trials run is none."""
    runs = with_spaces({"data": "a", "epochs": 3}, {"data": "b c", "epochs": 3}, {"data": "a", "epochs": 9})
    found = panels(*runs, *with_spaces({"data": "a", "epochs": 3}, method="ASHA"))
    assert [panel.problem for panel in found] == ["script-fit 'b c'", "script-fit a"]
    assert sorted(method.label for method in found[1].methods) == [
        "ASHA",
        "RS benchmark.space.epochs=3",
        "RS benchmark.space.epochs=9",
    ]


def test_constants_are_named_where_their_values_are_alike():
    found = panels(*with_spaces({"a": {"b": 1}}, {"c": 1}, {}))
    assert [panel.problem for panel in found] == ["script-fit", "script-fit a.b=1", "script-fit c=1"]


def test_what_one_setup_searches_and_another_fixes_is_no_fixed_argument():
    found = panels(*with_spaces({}, {"lr": 0.3}))
    assert [panel.problem for panel in found] == ["script-fit"]
    assert len(found[0].methods) == 2


def test_what_setups_are_told_apart_by_divides_no_problem():
    """Two versions of a program are compared with each other where that is asked for."""
    versions = ("python fit.py --version 1", "python fit.py --version 2")
    (found,) = panels(*with_commands(("RS", versions)), setups=("benchmark.command",))
    assert found.problem == "script-fit"
    assert sorted(method.label for method in found.methods) == [f"benchmark.command={each}" for each in versions]
    (found,) = panels(*with_spaces({"depth": 1}, {"depth": 2}), setups=("method", "benchmark.space.depth"))
    assert [method.label for method in found.methods] == ["RS benchmark.space.depth=1", "RS benchmark.space.depth=2"]
