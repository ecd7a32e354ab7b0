"""Post improvements to a URL."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar
from urllib.request import Request, urlopen

import attrs

from tunekit_core import (
    Decision,
    ExperimentView,
    InvalidOption,
    Observer,
    Problem,
    Report,
    Status,
    Trial,
    as_json,
    option,
)

TIMEOUT = 5.0  # seconds
ABOUT = ("method", "benchmark", "dataset", "seed", "tags")  # what is told of the run, where it is known


@attrs.frozen(kw_only=True)
class WebhookOptions:
    """Where improvements go."""

    url: str = option(help="Where they are posted, as JSON. It is kept in ``metadata.json``.")


class Webhook(Observer):
    """Posts every new best configuration to a URL, as JSON.

    An experiment that goes on posts what is found from then on. Where nobody answers there is one warning at the end.
    """

    name: ClassVar[str] = "webhook"
    Options: ClassVar[type[Any]] = WebhookOptions

    def __init__(self, problem: Problem, folder: Path | None, options: WebhookOptions) -> None:
        super().__init__(problem, folder, options)
        if not options.url.startswith(("http://", "https://")):
            raise InvalidOption("url", options.url, "must begin with http:// or https://")
        self._url = options.url
        self._about: dict[str, Any] = {}
        self._told: Report | None = None
        self._n_failed = 0
        self._last_error = ""
        self._sender: ThreadPoolExecutor

    def on_experiment_start(self, view: ExperimentView, metadata: Mapping[str, Any]) -> None:
        self._about = {key: metadata[key] for key in ABOUT if key in metadata}
        self._told = None if view.incumbent is None else view.incumbent.report
        self._sender = ThreadPoolExecutor(max_workers=1)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        self._tell_what_is_new(view)

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        self._tell_what_is_new(view)  # a trial that fails takes the incumbent with it

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
        self._sender.shutdown()
        if self._n_failed:
            warnings.warn(
                f"{self._n_failed} improvements could not be posted to {self._url}, the last because of: "
                f"{self._last_error}. The experiment is not affected.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _tell_what_is_new(self, view: ExperimentView) -> None:
        incumbent = view.incumbent
        if incumbent is None or incumbent.report is self._told:
            return
        self._told = incumbent.report
        message = {
            **self._about,
            "time": view.now,
            "trial_id": incumbent.report.trial_id,
            "metrics": dict(incumbent.report.metrics),
            "configuration": dict(incumbent.configuration),
        }
        self._sender.submit(self._post, as_json(message).encode())

    def _post(self, body: bytes) -> None:
        request = Request(self._url, data=body, headers={"Content-Type": "application/json"})
        try:
            urlopen(request, timeout=TIMEOUT).close()
        except Exception as error:  # whatever is wrong with the network or the server: nobody else looks at it
            self._n_failed += 1
            self._last_error = str(error)
