"""What is special of a library, by fakes."""

import sys
from types import SimpleNamespace

import pytest

from tunekit_core import ConfigurationError, create
from tunekit_core.testing import ToyBenchmark, toy_problem
from tunekit_trackers.messages import Outcome, Point, Run

ON_MLFLOW = pytest.mark.parametrize("tracker", ["mlflow"], indirect=True)
ON_WANDB = pytest.mark.parametrize("tracker", ["wandb"], indirect=True)
NO_KEY = "WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_MODE"


def make(tracker, **options):
    return create("observer", tracker, toy_problem(ToyBenchmark()), None, **options)


def run(**changes):
    return Run(**{"key": "k", "name": "n", "group": "g", "step": "reports", "config": {}, **changes})


def opened(observer, **changes):
    tracker = observer.tracker()
    tracker.open(run(**changes))
    return tracker


@pytest.fixture
def online(server, monkeypatch, tmp_path):
    """Nothing is known of any key."""
    for name in NO_KEY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    settings = SimpleNamespace(mode="online", api_key=None, base_url="https://api.example.org")
    monkeypatch.setattr(sys.modules["wandb"], "setup", lambda: SimpleNamespace(settings=settings))
    return settings


@ON_WANDB
def test_wandb_without_a_key_is_refused_before_anything_starts_and_says_what_to_type(server, online):
    with pytest.raises(ConfigurationError, match=r"wandb login, or, .* export WANDB_MODE=offline"):
        make("wandb")
    assert server.n_calls == 0


@ON_WANDB
@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_wandb_offline_needs_no_key(mode, online):
    online.mode = mode
    make("wandb")


@ON_WANDB
def test_wandb_takes_a_key_from_the_environment(online, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    make("wandb")


@ON_WANDB
def test_wandb_takes_a_key_for_its_server_from_netrc(online, tmp_path):
    (tmp_path / "netrc").write_text("machine elsewhere.org login user password p\n")
    with pytest.raises(ConfigurationError, match=r"no key for https://api\.example\.org"):
        make("wandb")
    (tmp_path / "netrc").write_text("machine api.example.org login user password p\n")
    make("wandb")


@ON_MLFLOW
def test_mlflow_without_the_part_that_writes_databases_says_what_to_type(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.setattr(sys.modules["mlflow"], "get_tracking_uri", lambda: "sqlite:////tmp/mlflow.db")
    with pytest.raises(ConfigurationError, match=r"mlflow-skinny.*pip install 'tunekit-trackers\[mlflow\]'"):
        make("mlflow")


@ON_MLFLOW
def test_a_password_in_the_address_of_a_database_is_not_shown(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.setattr(sys.modules["mlflow"], "get_tracking_uri", lambda: "postgresql+psycopg://me:hunter2@host/db")
    with pytest.raises(ConfigurationError, match="postgresql") as error:
        make("mlflow")
    assert "hunter2" not in str(error.value)


@ON_MLFLOW
def test_mlflow_that_refuses_a_folder_says_so_before_anything_starts(server, monkeypatch):
    monkeypatch.setattr(sys.modules["mlflow"], "get_tracking_uri", lambda: "/tmp/mlruns")
    with pytest.raises(ConfigurationError, match=r"sqlite:///mlflow.db, or, .* MLFLOW_ALLOW_FILE_STORE=true"):
        make("mlflow")


@ON_MLFLOW
def test_names_get_the_letters_that_mlflow_takes(server):
    tracker = opened(make("mlflow"), config={"a,b": 1})
    tracker.plot(run(), [Point(run(), 1, 0.0, lambda: {"loss(ä)@k": 0.5})])
    tracker.state(run(), {"best?": {"lr": 0.1}})
    told = server.runs["k"]
    assert (told.config, told.points, told.facts) == (
        {"a_b": "1"},
        [(1, {"loss_ä__k": 0.5})],
        {"best_.lr": "0.1"},
    )


@ON_MLFLOW
def test_more_than_a_request_may_hold_is_sent_in_several(server):
    tracker = opened(make("mlflow"), config={f"p{i}": i for i in range(250)})
    ten = {f"m{i}": 1.0 for i in range(10)}
    tracker.plot(run(), [Point(run(), step, 0.0, lambda: ten) for step in range(500)])
    assert (len(server.runs["k"].config), len(server.runs["k"].points)) == (250, 500)


@ON_MLFLOW
def test_an_experiment_that_another_run_makes_at_the_same_time_is_used(server, monkeypatch):
    library = sys.modules["mlflow"]
    create_experiment = library.MlflowClient.create_experiment

    def late(self, name):
        create_experiment(self, name)
        raise library.exceptions.MlflowException("it exists")

    monkeypatch.setattr(library.MlflowClient, "create_experiment", late)
    opened(make("mlflow"))
    assert list(server.runs) == ["k"]


@ON_MLFLOW
def test_mlflow_files_a_run_under_the_option_its_variable_or_tunekit(server, monkeypatch):
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    opened(make("mlflow"))
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "variable")
    opened(make("mlflow"))
    opened(make("mlflow", project="option"))
    assert list(sys.modules["mlflow"].experiments) == ["tunekit", "variable", "option"]


@ON_MLFLOW
def test_the_run_of_a_trial_is_nested_in_that_of_the_experiment(server):
    tracker = opened(make("mlflow"))
    tracker.open(run(key="k-0", parent=run()))
    tracker.end(run(key="k-0"), Outcome.INTERRUPTED)
    assert (server.runs["k-0"].parent, server.runs["k-0"].status) == ("k", "interrupted")
