"""A scheduler that starts trials from the checkpoints of others."""

import math

from tunekit_core import Checkpoint, Decision, Scheduler, Start


class CopiesTheBest(Scheduler):
    """Starts every third trial from where the best one is, and releases what has ended and is not the best."""

    name = "copies_the_best"
    needs = frozenset({"copy"})

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.best = None  # loss, id and resource of a trial that is not at its end
        self.ended = []

    def suggest(self, trial_id):
        proposal = self.searcher.suggest(trial_id, resource=self.problem.max_resource)
        if proposal is None:
            return None
        checkpoint = None
        if trial_id % 3 == 2 and self.best is not None:
            checkpoint = Checkpoint(*self.best[1:])
        return Start(proposal.configuration, checkpoint_of=checkpoint, note=proposal.note)

    def on_start(self, trial):
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, self.problem.max_resource)

    def on_report(self, trial, report):
        self.searcher.on_report(trial, report)
        loss = report.losses[0]
        if report.resource < self.problem.max_resource and loss < (math.inf if self.best is None else self.best[0]):
            self.best = loss, trial.id, report.resource
        return Decision.CONTINUE

    def on_end(self, trial, outcome):
        self.ended.append(trial.id)
        self.searcher.on_end(trial, outcome)

    def released(self):
        kept = None if self.best is None else self.best[1]
        released = [trial_id for trial_id in self.ended if trial_id != kept]
        self.ended = [trial_id for trial_id in self.ended if trial_id == kept]
        return released
