import numpy as np
import pytest

from tunekit_core import Objective, Problem, Report, SearchSpace, Status, Streams, Trial, create, uniform

SQUARE = SearchSpace({"x": uniform(0.0, 1.0), "y": uniform(0.0, 1.0)})


def bowl(configuration):
    return (configuration["x"] - 0.3) ** 2 + (configuration["y"] - 0.8) ** 2


class Run:
    """A searcher of some name, and trials that do what a test says."""

    def __init__(self, searcher, *, space=SQUARE, seed=0, max_resource=9, rows=None, constraint=None, **options):
        objective = Objective("loss")
        self.problem = Problem(
            space=space, objective=objective, max_resource=max_resource, rows=rows, constraint=constraint
        )
        self.searcher = create("searcher", searcher, self.problem, Streams(seed), **options)
        self.trials = []

    def suggest(self, resource=9):
        return self.searcher.suggest(len(self.trials), resource=resource)

    def start(self, target=9):
        proposal = self.suggest()
        trial = Trial(len(self.trials), proposal.configuration, proposal.note)
        self.trials.append(trial)
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, target)
        return trial

    def report(self, trial, loss, resource=9):
        self.reach(trial, loss, resource)
        self.searcher.on_report(trial, trial.last_report)

    def reach(self, trial, loss, resource=9, **metrics):
        """What the engine does before it tells anybody of a report: for all others trials are read-only."""
        object.__setattr__(trial, "last_report", Report(trial.id, 0, resource, metrics, (loss,), 0.0))

    def end(self, trial, status=Status.COMPLETED):
        self.searcher.on_end(trial, status)

    def complete(self, n, loss=bowl):
        """Run n trials, one after the other."""
        for _ in range(n):
            trial = self.start()
            self.report(trial, loss(trial.configuration))
            self.end(trial)
        return self


@pytest.fixture
def rng():
    return np.random.default_rng(1234)


@pytest.fixture
def run():
    return Run


@pytest.fixture(name="bowl")
def bowl_fixture():
    """The loss that a run has unless a test says otherwise: 0 at (0.3, 0.8)."""
    return bowl
