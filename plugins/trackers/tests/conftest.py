"""Libraries of trackers that keep what they are told in this process, and that can be slow, away, or wedged."""

import importlib.machinery
import sys
import threading
import types
from types import SimpleNamespace

import attrs
import pytest


@attrs.define
class Told:
    """What a tracker knows of a run."""

    name: str = ""
    config: dict = attrs.field(factory=dict)
    tags: dict = attrs.field(factory=dict)
    parent: str = ""
    points: list = attrs.field(factory=list)  # (step, values)
    facts: dict = attrs.field(factory=dict)
    status: str = "open"
    n_opened: int = 0


class Server:
    """Knows runs by their keys, and which threads called it."""

    def __init__(self):
        self.runs = {}
        self.threads = set()
        self.n_calls = 0
        self.trouble = lambda: None  # happens at every call

    def called(self):
        self.threads.add(threading.current_thread())
        self.n_calls += 1
        self.trouble()

    def opened(self, key, **what):
        run = self.runs.setdefault(key, Told(**what))
        run.status = "open"
        run.n_opened += 1
        return run

    @property
    def experiment(self):
        (key,) = [key for key in self.runs if "-" not in key]
        return self.runs[key]

    @property
    def trials(self):
        return {int(key.partition("-")[2]): run for key, run in self.runs.items() if "-" in key}


def module(name, **names):
    made = types.ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None, origin="a fake")
    vars(made).update(names)
    return made


def flat(values):
    result = {}
    for name, value in values.items():
        inner = flat(value) if isinstance(value, dict) else None
        result.update({f"{name}.{key}": part for key, part in inner.items()} if inner else {name: value})
    return result


def fake_wandb(server):
    class Run:
        def __init__(self, told):
            self.told = told
            self.summary = SimpleNamespace(update=self.update)

        def define_metric(self, name, step_metric):
            assert name == "*"
            self.step = step_metric

        def log(self, values):
            server.called()
            self.told.points.append((values[self.step], {k: v for k, v in values.items() if k != self.step}))

        def update(self, values):
            server.called()
            self.told.facts.update(flat(values))

        def finish(self, exit_code):
            server.called()
            self.told.status = {0: "finished", 1: "failed", 255: "interrupted"}[exit_code]

    def init(*, id, name, config, tags, resume, reinit, group, settings, **others):
        server.called()
        assert settings["x_disable_meta"], "it would send the command line, in which there may be secrets"
        assert (resume, reinit) == ("allow", "create_new")
        tags = dict(tag.split("=", 1) for tag in tags)
        return Run(server.opened(id, name=name, config=flat(config), tags=tags, parent=group))

    settings = SimpleNamespace(mode="offline", api_key=None, base_url="http://127.0.0.1:9")
    return {
        "wandb": module("wandb", init=init, Settings=dict, setup=lambda: SimpleNamespace(settings=settings)),
    }


def fake_trackio(server):
    class Run:
        def __init__(self, told):
            self.told = told

        def log(self, values, step=None):
            server.called()
            if step is None:
                for name, text in values.items():
                    lines = text.splitlines() if text.startswith("- ") else None
                    parts = dict(line[2:].split(": ", 1) for line in lines) if lines else {"": text}
                    self.told.facts.update({f"{name}.{key}".strip("."): part for key, part in parts.items()})
            else:
                self.told.points.append((step, values))

        def finish(self):
            server.called()
            self.told.status = "finished"

    def init(*, name, config, resume, group, **others):
        server.called()
        assert resume == "allow"
        return Run(server.opened(name.split()[-1], name=name, config=config, parent=group))

    return {"trackio": module("trackio", init=init, Markdown=str)}


def fake_mlflow(server):
    class MlflowException(Exception):
        def __init__(self, message, error_code="INTERNAL_ERROR"):
            super().__init__(message)
            self.error_code = error_code

    experiments = {}
    metric = attrs.make_class("Metric", ["key", "value", "timestamp", "step"])
    param, tag = attrs.make_class("Param", ["key", "value"]), attrs.make_class("RunTag", ["key", "value"])

    class MlflowClient:
        def __init__(self, tracking_uri):
            if tracking_uri.startswith("/"):
                raise MlflowException("The filesystem tracking backend is in maintenance mode. Much more follows.")

        def get_experiment_by_name(self, name):
            server.called()
            return SimpleNamespace(experiment_id=name) if name in experiments else None

        def create_experiment(self, name):
            experiments[name] = name
            return name

        def search_runs(self, experiments, filter_string, max_results):
            key = filter_string.removeprefix("tags.`tunekit.run` = '").removesuffix("'")
            return [SimpleNamespace(info=SimpleNamespace(run_id=key))] if key in server.runs else []

        def create_run(self, experiment, run_name, tags):
            server.called()
            key = tags["tunekit.run"]
            server.runs[key] = Told(name=run_name, tags=tags, parent=tags.get("mlflow.parentRunId", ""), n_opened=1)
            return SimpleNamespace(info=SimpleNamespace(run_id=key))

        def update_run(self, run_id, status):
            server.called()
            if status == "RUNNING":
                server.opened(run_id)
            else:
                names = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted"}
                server.runs[run_id].status = names[status]

        def log_batch(self, run_id, metrics=(), params=(), tags=()):
            server.called()
            assert len(params) <= 100
            assert len(tags) <= 100
            assert len(metrics) + len(params) + len(tags) <= 1000
            run = server.runs[run_id]
            assert not {param.key for param in params} & set(run.config), "MLflow takes a parameter once"
            for each in metrics:
                if not run.points or run.points[-1][0] != each.step or each.key in run.points[-1][1]:
                    run.points.append((each.step, {}))
                run.points[-1][1][each.key] = each.value
            run.config.update({each.key: each.value for each in params})
            run.facts.update({each.key: each.value for each in tags})

    entities = module("mlflow.entities", Metric=metric, Param=param, RunTag=tag)
    exceptions = module("mlflow.exceptions", MlflowException=MlflowException)
    return {
        "mlflow": module(
            "mlflow",
            MlflowClient=MlflowClient,
            exceptions=exceptions,
            get_tracking_uri=lambda: "http://127.0.0.1:9",
            entities=entities,
            experiments=experiments,
        ),
        "mlflow.entities": entities,
        "mlflow.exceptions": exceptions,
    }


FAKES = {"mlflow": fake_mlflow, "trackio": fake_trackio, "wandb": fake_wandb}


@pytest.fixture(params=sorted(FAKES))
def tracker(request):
    """The name of an observer whose library is a fake."""
    return request.param


@pytest.fixture
def server(tracker, monkeypatch):
    """What the fake library of the tracker is told."""
    server = Server()
    for name, fake in FAKES[tracker](server).items():
        monkeypatch.setitem(sys.modules, name, fake)
    return server


@pytest.fixture
def every_report(monkeypatch):
    """As where reports are so far apart that each is told."""
    monkeypatch.setattr("tunekit_trackers.watching.BETWEEN_POINTS", 0.0)
