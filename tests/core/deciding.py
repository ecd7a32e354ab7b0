"""A scheduler that pauses, resumes and stops trials, for tests of what is recorded of that."""

from tunekit_core import Resume
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.contracts.trials import Decision


class Decides(Fifo):
    """Pauses trials at epoch 2 and resumes each once, and stops every third at epoch 3."""

    needs = frozenset({"pause"})

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.paused = []

    def suggest(self, trial_id):
        return Resume(self.paused[0], None) if len(self.paused) > 2 else super().suggest(trial_id)

    def on_resume(self, trial, note):
        self.paused.remove(trial.id)

    def on_pause(self, trial):
        self.paused.append(trial.id)

    def on_report(self, trial, report):
        if report.resource == 2 and trial.run == 0:
            return Decision.PAUSE
        return Decision.STOP if trial.id % 3 == 2 and report.resource == 3 else Decision.CONTINUE
