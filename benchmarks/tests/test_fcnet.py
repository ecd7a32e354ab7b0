"""The benchmark ``fcnet`` and the tables that are shipped."""

import json

import numpy as np
import pytest

from tunekit_benchmarks.fcnet import grid, records, table
from tunekit_benchmarks.fcnet.benchmark import NOT_SHIPPED, SPACE, FcnetBenchmark, FcnetOptions
from tunekit_core import Blackbox, ConfigurationError, Simulatable, create

DATASETS = ("diabetes", "robot_arm")
CONFIGURATION = {
    "hp_activation_fn_1": "tanh",
    "hp_activation_fn_2": "relu",
    "hp_batch_size": 16,
    "hp_dropout_1": 0.0,
    "hp_dropout_2": 0.0,
    "hp_init_lr": 0.005,
    "hp_lr_schedule": "const",
    "hp_n_units_1": 128,
    "hp_n_units_2": 256,
}


@pytest.fixture(scope="module", params=DATASETS)
def opened(request):
    return table.Table(table.DATA / request.param)


def test_two_datasets_are_shipped():
    assert table.shipped() == list(DATASETS)


def test_the_rows_of_the_table_are_the_grid_of_the_space():
    assert SPACE.size == grid.N_ROWS == 62208
    assert list(SPACE.names) == list(grid.VALUES)
    for row in (0, 1, 4711, 62207):
        assert SPACE.configuration_at(row) == grid.configuration_of(row)
        assert SPACE.index_of(grid.configuration_of(row)) == row


def test_a_table_finds_the_row_of_a_configuration(opened):
    assert opened.row(CONFIGURATION) == grid.row_of(CONFIGURATION) == SPACE.index_of(CONFIGURATION)


def test_the_data_hash_is_that_of_the_files(opened):
    folder = table.DATA / opened.metadata["dataset"]
    assert table.content_hash(folder, opened.metadata) == opened.metadata["data_hash"]


def test_the_optimum_is_the_smallest_validation_loss_of_what_may_be_proposed(opened):
    dataset, losses = opened.metadata["dataset"], opened.losses()[:, 100:200]
    assert FcnetBenchmark(FcnetOptions(dataset=dataset)).optimum == losses.min()
    trained_only = FcnetBenchmark(FcnetOptions(dataset=dataset, trained_only=True))
    assert trained_only.optimum == losses[opened.trained_rows].min()


def test_metadata_describes_what_is_there(opened):
    metadata = opened.metadata
    assert metadata["space"] == SPACE.to_json()
    assert metadata["n_configurations"] == grid.N_ROWS
    assert set(metadata["metrics"]) == set(FcnetBenchmark.metrics)
    assert (metadata["surrogate"] is None) == (opened.n_trained == grid.N_ROWS)
    assert opened.n_trained >= 8000


def test_every_row_can_be_read(opened):
    losses = opened.losses()
    assert losses.shape == (grid.N_ROWS, 201)
    assert (losses > 0).all()


def test_a_curve_is_what_the_file_holds(opened):
    every = opened.losses()
    for row in np.random.default_rng(0).integers(grid.N_ROWS, size=50).tolist():
        curve = opened.curve(grid.configuration_of(row), 0)
        assert curve.metrics["metric_train_loss"] == tuple(every[row, :100].tolist())
        assert curve.metrics["metric_valid_loss"] == tuple(every[row, 100:200].tolist())
        assert curve.constants["metric_final_test_error"] == every[row, 200]


def test_trained_rows_come_first_in_the_order_and_from_trained_files(opened):
    order = opened.order
    assert sorted(order.tolist()) == list(range(grid.N_ROWS))
    np.testing.assert_array_equal(order, np.load(table.DATA / "order.npy"))
    assert opened.trained_rows.tolist() == sorted(order[: opened.n_trained].tolist())
    files = sorted((table.DATA / opened.metadata["dataset"]).glob("trained-*.bin"))
    assert sum(path.stat().st_size for path in files) == opened.n_trained * records.RECORD_BYTES
    assert all(opened.is_trained(grid.configuration_of(int(row))) for row in order[:50])
    assert not any(opened.is_trained(grid.configuration_of(int(row))) for row in order[opened.n_trained :][:50])


def test_seconds_follow_the_cost_model(opened):
    model, features = opened.metadata["cost_model"], opened.metadata["n_features"]
    n_params = (features + 1) * 128 + (128 + 1) * 256 + 256 + 1
    steps = opened.metadata["n_training_rows"] / 16
    seconds = steps * (model["seconds_per_step"] + model["seconds_per_step_and_parameter"] * n_params)
    curve = opened.curve(CONFIGURATION, 0)
    assert curve.constants["metric_n_params"] == n_params
    assert curve.elapsed[0] == pytest.approx(seconds, abs=1e-6)
    assert curve.elapsed[-1] == pytest.approx(100 * seconds, abs=1e-4)
    assert curve.elapsed == curve.metrics["metric_elapsed_time"]
    assert list(curve.resources) == list(range(1, 101))


def test_the_arm_takes_the_seconds_that_are_documented():
    curve = create("benchmark", "fcnet").blackbox().curve(CONFIGURATION, 0)
    assert curve.elapsed[:2] == (3.772042, 7.544084)


def test_there_is_one_seed(opened):
    assert opened.n_seeds == 1
    with pytest.raises(IndexError, match="seed=1"):
        opened.curve(CONFIGURATION, 1)


def test_a_value_that_is_not_on_the_grid_is_refused(opened):
    with pytest.raises(KeyError):
        opened.curve(CONFIGURATION | {"hp_n_units_1": 100}, 0)


def test_another_format_is_refused(tmp_path):
    (tmp_path / "metadata.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        table.Table(tmp_path)


def test_the_problem_is_worth_solving(opened):
    every = opened.losses()[:, 100:200].astype(float)
    trained = every[opened.trained_rows]
    best = trained.min(axis=1)
    first = np.argsort(best)[:20]
    columns = grid.columns()
    values = {name: {columns[name][row] for row in opened.trained_rows[first]} for name in grid.VALUES}
    # The best twenty do not agree on layer sizes, activations, batch size or learning rate.
    for name in ("hp_activation_fn_1", "hp_batch_size", "hp_init_lr", "hp_n_units_1", "hp_n_units_2"):
        assert len(values[name]) > 1
    assert best.min() < {"robot_arm": 0.025, "diabetes": 0.4}[opened.metadata["dataset"]]
    assert np.quantile(trained[:, -1], 0.75) > 1.2 * np.quantile(trained[:, -1], 0.05)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_benchmark_keeps_its_contract(dataset):
    benchmark = create("benchmark", "fcnet", dataset=dataset)
    assert benchmark.dataset == dataset
    assert benchmark.objective.metric == ("metric_valid_loss",)
    assert benchmark.objective.mode == ("min",)
    assert benchmark.objective.resource == "hp_epoch"
    assert (benchmark.max_resource, benchmark.n_workers, benchmark.max_wallclock_time) == (100, 4, 3600.0)
    assert benchmark.rows is None
    assert len(benchmark.data_hash) == 64
    assert isinstance(benchmark, Simulatable)
    assert isinstance(benchmark.blackbox(), Blackbox)
    curve = benchmark.blackbox().curve(SPACE.default(), 0)
    assert {*curve.metrics, *curve.constants} == benchmark.metrics


def test_trained_only_allows_the_trained_rows():
    benchmark = create("benchmark", "fcnet", trained_only=True)
    trained = benchmark.blackbox().n_trained
    assert len(benchmark.rows) == trained
    assert benchmark.blackbox().is_trained(benchmark.rows[0])
    assert benchmark.blackbox().is_trained(benchmark.rows[trained - 1])


@pytest.mark.parametrize("dataset", NOT_SHIPPED)
def test_the_datasets_of_others_are_refused_with_the_reason(dataset):
    with pytest.raises(ConfigurationError, match=r"not ours to ship.*Shipped are diabetes and robot_arm"):
        create("benchmark", "fcnet", dataset=dataset)


def test_a_misspelt_dataset_is_refused_with_the_closest():
    with pytest.raises(ConfigurationError, match="Did you mean 'diabetes'") as caught:
        create("benchmark", "fcnet", dataset="diabtes")
    assert caught.value.option == "benchmark.dataset"
    assert str(caught.value).startswith("benchmark.dataset='diabtes' is no dataset")


def test_the_defaults_are_the_arm_with_all_its_configurations():
    assert FcnetOptions() == FcnetOptions(dataset="robot_arm", trained_only=False)


def test_a_run_that_names_no_benchmark_tunes_this_one():
    assert FcnetBenchmark.is_default
