"""MLflow, by its client: that changes nothing about runs which the program of a user has begun itself.

The library is imported where it is used, since it need not be installed.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tunekit_core import ConfigurationError
from tunekit_trackers.messages import Busy, Outcome, Point, Run, flat

UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
KEY = "tunekit.run"  # the tag by which a run is found again
PARENT = "mlflow.parentRunId"
STATUS = {Outcome.FINISHED: "FINISHED", Outcome.FAILED: "FAILED", Outcome.INTERRUPTED: "KILLED"}
NOT_ALLOWED = re.compile(r"[^\w./ -]")  # in names
MAX_VALUE = 5000  # characters of a parameter or a tag
MAX_PARAMS = MAX_TAGS = 100  # in a request
MAX_METRICS = 900
FILE = "sqlite:///"
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


def check_store() -> str:
    """Where MLflow keeps what it is told.

    Raises:
        ConfigurationError: If it is known before that MLflow will refuse to write there.
    """
    import mlflow

    uri: str = mlflow.get_tracking_uri()
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in DATABASES and find_spec("sqlalchemy") is None:
        raise _unfit(
            f"cannot write to {_without_password(uri)}, since only a part of MLflow is installed (mlflow-skinny)",
            "pip install 'tunekit-trackers[mlflow]', or have MLFLOW_TRACKING_URI name a server",
        )
    if scheme in ("", "file"):
        try:
            mlflow.MlflowClient(tracking_uri=uri)
        except mlflow.exceptions.MlflowException as error:
            raise _unfit(
                f"cannot write to the folder {uri}: {str(error).split('. ')[0]}",
                "export MLFLOW_TRACKING_URI=sqlite:///mlflow.db, or, to keep to the folder, "
                "export MLFLOW_ALLOW_FILE_STORE=true",
            ) from error
    return uri


class MLflowTracker:
    """Writes to MLflow.

    Args:
        uri: Where.
        project: The name of MLflow's experiment; ``None`` takes that of its environment variable.
    """

    def __init__(self, uri: str, project: str | None) -> None:
        import mlflow
        import mlflow.entities

        self._mlflow = mlflow
        self._uri = uri
        self._project = project or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "tunekit"
        self._client: Any = None
        self._ids: dict[str, str] = {}  # by key
        self._params: dict[str, list[list[Any]]] = {}  # by key, those that are not told yet

    def open(self, run: Run) -> None:
        with self._errors_told():
            self._open(run)
            while self._params.get(run.key):
                self._connected().log_batch(self._ids[run.key], params=self._params[run.key][0])
                self._params[run.key].pop(0)

    def _open(self, run: Run) -> None:
        client = self._connected()
        if run.key in self._ids:
            client.update_run(self._ids[run.key], status="RUNNING")
            return
        experiment = self._experiment(client)
        found = client.search_runs([experiment], f"tags.`{KEY}` = '{run.key}'", max_results=1)
        if found:
            self._ids[run.key] = found[0].info.run_id
            client.update_run(self._ids[run.key], status="RUNNING")
            return
        parent = {} if run.parent is None else {PARENT: self._ids[run.parent.key]}
        tags = {_name(name): _text(value) for name, value in run.tags.items()}
        made = client.create_run(experiment, run_name=run.name, tags={**tags, **parent, KEY: run.key})
        self._ids[run.key] = made.info.run_id
        params = [self._mlflow.entities.Param(_name(k), _text(v)) for k, v in flat(run.config).items()]
        self._params[run.key] = list(_portions(params, MAX_PARAMS))

    def plot(self, run: Run, points: Sequence[Point]) -> None:
        metrics = [
            self._mlflow.entities.Metric(_name(name), value, round(1000 * point.time), point.step)
            for point in points
            for name, value in point.values().items()
        ]
        with self._errors_told():
            for portion in _portions(metrics, MAX_METRICS):
                self._connected().log_batch(self._ids[run.key], metrics=portion)  # it takes none twice

    def state(self, run: Run, values: Mapping[str, Any]) -> None:
        tags = [self._mlflow.entities.RunTag(_name(k), _text(v)) for k, v in flat(values).items()]
        with self._errors_told():
            for portion in _portions(tags, MAX_TAGS):
                self._connected().log_batch(self._ids[run.key], tags=portion)

    def end(self, run: Run, outcome: Outcome) -> None:
        with self._errors_told():
            self._connected().update_run(self._ids[run.key], status=STATUS[outcome])

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        """MLflow takes back what it could not write, as where another program has locked its database for long."""
        try:
            yield
        except self._mlflow.exceptions.MlflowException as error:
            if getattr(error, "error_code", "") == UNAVAILABLE:
                raise Busy(str(error).splitlines()[0]) from error
            raise

    def _connected(self) -> Any:
        if self._client is None:  # a new database gets its tables now, which takes seconds, and is told step by step
            for logger in ("alembic", "mlflow.store.db.utils"):
                logging.getLogger(logger).setLevel(logging.CRITICAL)  # errors are raised too, and told as a warning
            with _alone(self._uri):
                client = self._mlflow.MlflowClient(tracking_uri=self._uri)
                client.get_experiment_by_name(self._project)
            self._client = client
        return self._client

    def _experiment(self, client: Any) -> str:
        found = client.get_experiment_by_name(self._project)
        if found is None:
            try:
                made: str = client.create_experiment(self._project)
            except self._mlflow.exceptions.MlflowException:  # another run of the sweep has made it meanwhile
                found = client.get_experiment_by_name(self._project)
                if found is None:
                    raise
            else:
                return made
        experiment: str = found.experiment_id
        return experiment


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """No other process makes the tables of a database in a file meanwhile: two at once leave half of them."""
    if not uri.startswith(FILE):
        yield
        return
    folder = os.open(Path(uri.removeprefix(FILE)).parent, os.O_RDONLY)  # so that no file is left behind
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # a process that dies frees it
        yield
    finally:
        os.close(folder)


def _unfit(problem: str, what_to_type: str) -> ConfigurationError:
    return ConfigurationError(f"The observer 'mlflow' {problem}. Type: {what_to_type}.", option="observers.mlflow")


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    return urlunsplit((parts.scheme, f"…@{parts.hostname}", parts.path, parts.query, parts.fragment))


def _name(name: str) -> str:
    return NOT_ALLOWED.sub("_", name)


def _text(value: Any) -> str:
    return str(value)[:MAX_VALUE]


def _portions(entries: Sequence[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(entries)
    while portion := list(islice(rest, size)):
        yield portion
