import importlib
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tunekit_core import (
    Benchmark,
    ConfigurationTable,
    Curve,
    Objective,
    Observer,
    Problem,
    SearchSpace,
    Streams,
    Tuner,
    choice,
    create,
    logfinrange,
    lograndint,
    loguniform,
    randint,
    reverseloguniform,
    uniform,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))
from runs.peers import PEERS, build_peer
from runs.run import Job, carry_out, recipe

MAX_RESOURCE = 9


def skip_without_libraries(peer):
    for module in PEERS[peer].libraries:
        pytest.importorskip(module)


class Toy(Benchmark):
    """Three kinds of domain; a trial in four ends with NaN, and one in eight has nothing else from the start."""

    name = "toy"
    space = SearchSpace(
        {"x": uniform(0.0, 1.0), "units": lograndint(4, 64), "batch": logfinrange(8, 64, 4, cast_int=True)}
        | {"kind": choice(["a", "b", "c"])}
    )
    objective = Objective("loss", "min", resource="epoch")
    max_resource = MAX_RESOURCE
    max_wallclock_time = 1e6
    n_seeds = 1

    def __init__(self, rows=None):
        self.rows = rows

    def blackbox(self):
        return self

    def curve(self, configuration, seed):
        x, epochs = configuration["x"], range(1, MAX_RESOURCE + 1)
        loss = (x - 0.3) ** 2 + configuration["batch"] / 64
        losses = [math.nan if x > 0.875 else loss + 0.1 / epoch for epoch in epochs]
        if x > 0.75:
            losses[-1] = math.nan
        return Curve(list(epochs), [(1.0 + x) * epoch for epoch in epochs], {"loss": losses})


class Watch(Observer):
    name = "watch"

    def __init__(self):
        self.trials, self.reports = {}, []

    def on_trial_start(self, view, trial):
        self.trials[trial.id] = trial

    def on_report(self, view, trial, report, decision):
        self.reports.append((trial.id, report.resource, report.time, decision.name))


def watched_run(peer, rows=None, count=11, seed=3, faults=None):
    benchmark, watch, streams = Toy(rows), Watch(), Streams(seed)
    problem = Problem(space=Toy.space, objective=Toy.objective, max_resource=MAX_RESOURCE, rows=rows)
    scheduler = build_peer(peer, problem, streams)
    Tuner(
        scheduler=scheduler,
        backend=create("backend", "simulator", problem, benchmark, None, streams, **(faults or {})),
        stopping=[create("stopping", "max_num_trials_started", problem, count=count)],
        observers=[watch],
    ).run()
    return watch, scheduler


def drawn_rows(n):
    return ConfigurationTable.of(
        Toy.space, Toy.space.from_unit(np.random.default_rng(0).random((n, Toy.space.n_draws)))
    )


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("in_a_table", [False, True])
def test_a_peer_runs_and_repeats_itself(peer, in_a_table):
    skip_without_libraries(peer)
    rows = drawn_rows(14) if in_a_table else None
    first, second = (watched_run(peer, rows)[0] for _ in range(2))
    configurations = [trial.configuration for trial in first.trials.values()]
    assert [trial.configuration for trial in second.trials.values()] == configurations
    assert second.reports == first.reports
    assert len(configurations) == 11
    if rows is not None:
        assert len({Toy.space.key(configuration) for configuration in configurations}) == 11
        assert all(rows.index_of(configuration) is not None for configuration in configurations)


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_ends_when_no_row_is_left(peer):
    skip_without_libraries(peer)
    assert len(watched_run(peer, drawn_rows(9), count=100)[0].trials) == 9


@pytest.mark.parametrize("peer", PEERS)
def test_another_seed_is_another_run(peer):
    skip_without_libraries(peer)
    first, second = (watched_run(peer, count=2, seed=seed)[0].trials[1].configuration for seed in (3, 4))
    assert first != second


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_goes_on_after_trials_that_fail(peer):
    skip_without_libraries(peer)
    watch, _ = watched_run(peer, faults={"failure_rate": 0.5})
    assert len(watch.trials) == 11


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_is_carried_out_as_a_recipe_is(peer):
    skip_without_libraries(peer)
    run = carry_out(Job(peer, recipe(peer), "fcnet:robot_arm", 0, 300.0, ""))
    assert run.method == peer
    assert run.trials >= 4


@pytest.mark.parametrize("peer", PEERS)
def test_a_library_that_is_not_installed_is_one_error(peer, monkeypatch):
    monkeypatch.setitem(sys.modules, PEERS[peer].libraries[0], None)
    problem = Problem(space=Toy.space, objective=Toy.objective, max_resource=MAX_RESOURCE)
    requirements = Path(__file__).parents[1] / "performance" / PEERS[peer].requirements
    with pytest.raises(
        ValueError, match=rf"^{peer} needs .*pip install -r benchmarks/performance/{requirements.name},"
    ):
        build_peer(peer, problem, Streams(0))
    assert f"{PEERS[peer].libraries[0]}==" in requirements.read_text()


def test_no_library_is_imported_before_a_peer_is_chosen():
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1] / 'performance')!r}); import runs.run\n"
    code += "print([name for name in ('optuna', 'torch', 'smac') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_optuna_stops_what_is_not_in_the_best_quarter_of_a_rung():
    pytest.importorskip("optuna")
    watch, _ = watched_run("OptunaSH", count=30)
    values, expected = {1: [], 4: []}, []
    for trial_id, resource, _, _ in watch.reports:
        decision = "CONTINUE"
        if resource in values:
            x, batch = (watch.trials[trial_id].configuration[name] for name in ("x", "batch"))
            if x > 0.875:
                decision = "STOP"
            else:
                loss = (x - 0.3) ** 2 + batch / 64 + 0.1 / resource
                values[resource].append(loss)
                best = sorted(values[resource])[: max(len(values[resource]) // 4, 1)]
                decision = "CONTINUE" if loss <= best[-1] else "STOP"
        expected.append(decision)
    assert [decision for *_, decision in watch.reports] == expected
    assert expected.count("STOP") > 15


def test_optuna_is_told_what_was_stopped_with_its_last_report():
    optuna = pytest.importorskip("optuna")
    watch, scheduler = watched_run("OptunaSH", count=30)
    stopped = {trial_id for trial_id, _, _, decision in watch.reports if decision == "STOP"}
    told = scheduler.searcher._study.get_trials(states=[optuna.trial.TrialState.PRUNED])
    assert stopped <= {trial.number for trial in told}
    for trial in told:
        last = max(trial.intermediate_values)
        assert (trial.number, last) in {(trial_id, resource) for trial_id, resource, _, _ in watch.reports}
    failed = scheduler.searcher._study.get_trials(states=[optuna.trial.TrialState.FAIL])
    assert all(trial.params["x"] > 0.75 for trial in failed)


def test_hyperband_of_smac_goes_on_with_the_same_trial():
    pytest.importorskip("smac")
    watch, scheduler = watched_run("SMACMF", count=30)
    by_trial = {}
    for trial_id, resource, _, _ in watch.reports:
        by_trial.setdefault(trial_id, []).append(resource)
    assert all(resources == list(range(1, len(resources) + 1)) for resources in by_trial.values())
    assert {resource for _, resource, _, decision in watch.reports if decision == "PAUSE"} == {1, 3}
    assert sum(len(by_trial[trial_id]) >= 3 for trial_id in range(9)) == 3  # the first bracket: 9, 3, 1
    assert sum(len(by_trial[trial_id]) == 9 for trial_id in range(9)) == 1
    told = {}
    history = scheduler.searcher._facade.runhistory
    for key, value in history.items():
        if value.status.name == "SUCCESS":
            told.setdefault(key.config_id, {})[round(key.budget)] = value.cost
    for config_id, costs in told.items():
        x, batch = (history.get_config(config_id)["x"], (8, 16, 32, 64)[int(history.get_config(config_id)["batch"])])
        for resource, cost in costs.items():
            assert cost == pytest.approx((x - 0.3) ** 2 + batch / 64 + 0.1 / resource)
    assert len(told) > 15


def test_smac_is_told_of_crashes_and_no_model_sees_them():
    pytest.importorskip("smac")
    _, scheduler = watched_run("SMAC", count=20)
    history, encoder = scheduler.searcher._facade.runhistory, scheduler.searcher._facade._runhistory_encoder
    crashed = [
        history.get_config(key.config_id)["x"] for key, value in history.items() if value.status.name == "CRASHED"
    ]
    assert len(crashed) >= 2
    assert min(crashed) > 0.75
    X, y = encoder.transform()
    assert np.isfinite(y).all()
    assert len(X) == sum(value.status.name == "SUCCESS" for value in history.values())


def test_smac_knows_what_runs():
    pytest.importorskip("smac")
    problem = Problem(space=Toy.space, objective=Toy.objective, max_resource=MAX_RESOURCE)
    for peer in ("SMAC", "SMACMF"):
        searcher = build_peer(peer, problem, Streams(0)).searcher
        asked = [searcher.suggest(trial_id, resource=None) for trial_id in range(4)]
        assert len({Toy.space.key(proposal.configuration) for proposal in asked}) == 4
        assert len(searcher._facade.runhistory.get_running_trials()) == 4


def test_smac_takes_negative_losses_as_it_takes_others():
    """Its forest sees logarithms, of what is scaled to between 0 and 1 first."""
    pytest.importorskip("smac")
    problem = Problem(space=Toy.space, objective=Toy.objective, max_resource=MAX_RESOURCE)
    seen = []
    for offset in (-1.0, 3.0):
        searcher = build_peer("SMACMF", problem, Streams(0)).searcher
        for trial_id, loss in enumerate((0.25, 0.5, 0.75, 0.875)):
            searcher.suggest(trial_id, resource=None)
            searcher._tell(searcher._asked[trial_id], loss + offset)
        seen.append(searcher._facade._runhistory_encoder.transform()[1].ravel())
    assert seen[0] == pytest.approx(seen[1])
    assert (np.diff(seen[0]) > 0).all()


SPACE = SearchSpace(
    {"a": uniform(-1.0, 2.0), "b": loguniform(1e-7, 0.3), "c": randint(1, 15), "d": lograndint(7, 2981)}
    | {"e.f": choice(["u", "v", "w"]), "g": logfinrange(8, 64, 4, cast_int=True), "h": 5}
)


def test_configurations_survive_the_way_to_smac_and_back():
    pytest.importorskip("smac")
    smac = importlib.import_module("runs.peers.smac")
    translation = smac.Translation(SPACE)
    corners = np.array([[value] * SPACE.n_draws for value in (0.0, 1 - 1e-16, 0.5)])
    drawn = np.vstack([corners, np.random.default_rng(0).random((40, SPACE.n_draws))])
    for configuration in SPACE.from_unit(drawn):
        assert translation.to_ours(translation.to_smac(configuration)) == configuration
    for config in translation.space.sample_configuration(40):
        ours = translation.to_ours(config)
        assert SPACE.complete(ours) == ours
        assert translation.to_smac(ours).get_array() == pytest.approx(config.get_array(), abs=1e-5)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_the_ends_of_ranges_are_in_our_space(end):
    pytest.importorskip("smac")
    smac, bounds = importlib.import_module("runs.peers.smac"), (4.5399929762484854e-05, 7.38905609893065)
    space = SearchSpace({"gamma": loguniform(*bounds), "rate": uniform(1 / 3, 2 / 3), "depth": randint(1, 15)})
    translation = smac.Translation(space)
    ours = translation.to_ours(smac.SmacConfiguration(translation.space, vector=np.full(3, end)))
    expected = {0.0: (bounds[0], 1 / 3, 1), 1.0: (bounds[1], 2 / 3, 15)}[end]
    assert tuple(ours.values()) == pytest.approx(expected)
    assert space.complete(ours) == ours


def test_ranges_and_scales_of_smac_and_optuna_are_ours():
    pytest.importorskip("smac")
    space = importlib.import_module("runs.peers.smac").Translation(SPACE).space
    assert {name: (h.lower, h.upper, h.log) for name, h in space.items() if name in "abcd"} == {
        "a": (-1.0, 2.0, False),
        "b": (1e-7, 0.3, True),
        "c": (1, 15, False),
        "d": (7, 2981, True),
    }
    assert list(space["e.f"].choices) == [0, 1, 2]
    assert (space["g"].lower, space["g"].upper) == (0, 3)


@pytest.mark.parametrize("peer", ["OptunaTPE", "SMAC"])
def test_a_scale_that_peers_lack_is_refused(peer):
    skip_without_libraries(peer)
    problem = Problem(space=SearchSpace({"x": reverseloguniform(0.1, 0.9)}), objective=Toy.objective, max_resource=2)
    with pytest.raises(ValueError, match="no counterpart"):
        build_peer(peer, problem, Streams(0))
