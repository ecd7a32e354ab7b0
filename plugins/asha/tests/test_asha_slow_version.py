"""Both schedulers against a version that keeps every report in a list and looks through all of it each time."""

import math

import numpy as np
from hypothesis import given, settings, strategies as st

from tunekit_asha.promotion import AshaPromotion
from tunekit_asha.stopping import AshaStopping
from tunekit_core import Decision, Resume, Start, Status

LEVELS = (1, 3, 9, 20)
QUANTILES = {1: 1 / 3, 3: 1 / 3, 9: 9 / 20}
LOSSES = st.sampled_from([0.1, 0.2, 0.2, 0.3, 0.7, math.inf]) | st.floats(0, 1)


TIES = st.sampled_from(["arrival", "all"])


class SlowAsha:
    def __init__(self, ties):
        self.ties = ties
        self.log = []  # (trial_id, level, loss), in the order of arrival
        self.failed = set()
        self.gone_on = set()  # (trial_id, level)

    def losses_at(self, level):
        return [loss for trial_id, at, loss in self.log if at == level and trial_id not in self.failed]

    def arrive(self, trial_id, first_level, resource, loss):
        """The level at which a report counts, or None."""
        reached = max([at for id_, at, _ in self.log if id_ == trial_id], default=0)
        new = [level for level in LEVELS if max(reached + 1, first_level) <= level <= resource]
        if not new:
            return None
        self.log.append((trial_id, new[-1], loss))
        return new[-1]

    def passes(self, level, loss):
        losses = self.losses_at(level)
        if len(losses) < 2:
            return True
        if math.isinf(loss):
            return False
        if self.ties == "arrival":
            place = sum(other < loss for other in losses) + self.n_gone_on(level, loss)
            return place < math.floor((len(losses) - 1) * QUANTILES[level]) + 1
        # What is infinite stands for something larger than whatever the rest can be interpolated with.
        return loss <= np.quantile(np.minimum(losses, 1e9), QUANTILES[level], method="linear")

    def n_gone_on(self, level, loss):
        return sum(
            (trial_id, level) in self.gone_on and trial_id not in self.failed
            for trial_id, at, other in self.log
            if at == level and other == loss
        )

    def promotion(self, paused):
        for level in reversed(LEVELS[:-1]):
            waiting = [
                (loss, trial_id)
                for trial_id, at, loss in self.log
                if at == level and trial_id in paused and (trial_id, level) not in self.gone_on
            ]
            if len(self.losses_at(level)) >= 2 and waiting:
                loss, trial_id = min(waiting, key=lambda entry: entry[0])
                if self.passes(level, loss):
                    return trial_id, level
        return None


@settings(deadline=None, max_examples=60)
@given(data=st.data(), brackets=st.integers(1, 4), ties=TIES)
def test_stopping_decides_as_the_slow_version(experiment, data, brackets, ties):
    asha, slow = experiment(AshaStopping, max_resource=20, brackets=brackets, ties=ties), SlowAsha(ties)
    running, epochs = [], {}
    for _ in range(data.draw(st.integers(1, 60))):
        if not running or (len(running) < 4 and data.draw(st.booleans())):
            running.append(asha.begin())
            continue
        trial = data.draw(st.sampled_from(running))
        if data.draw(st.integers(0, 9)) == 0:
            asha.end(trial, Status.FAILED)
            slow.failed.add(trial.id)
            running.remove(trial)
            continue
        epoch = min(epochs.get(trial.id, 0) + data.draw(st.integers(1, 4)), 20)
        epochs[trial.id] = epoch
        loss = data.draw(LOSSES)
        level = slow.arrive(trial.id, LEVELS[trial.note.get("bracket", 0)], epoch, loss)
        stops = level not in (None, 20) and not slow.passes(level, loss)
        if not stops:
            slow.gone_on.add((trial.id, level))
        assert asha.report(trial, epoch, loss) is (Decision.STOP if stops else Decision.CONTINUE)
        if trial.status is not Status.RUNNING:
            running.remove(trial)
        for level in LEVELS:
            assert asha.state.columns()[f"num_at_level{level}"] == len(slow.losses_at(level))


@settings(deadline=None, max_examples=60)
@given(data=st.data(), brackets=st.integers(1, 4), ties=TIES)
def test_promotion_suggests_as_the_slow_version(experiment, data, brackets, ties):
    asha, slow = experiment(AshaPromotion, max_resource=20, brackets=brackets, ties=ties), SlowAsha(ties)
    running, ending, paused = [], [], set()
    for _ in range(data.draw(st.integers(1, 80))):
        promotion = slow.promotion(paused)
        suggestion = asha.next()
        if promotion is None:
            assert isinstance(suggestion, Start)
            assert suggestion.until == LEVELS[suggestion.note.get("bracket", 0)]
        else:
            trial_id, level = promotion
            assert isinstance(suggestion, Resume)
            assert (suggestion.trial_id, suggestion.until) == (trial_id, LEVELS[LEVELS.index(level) + 1])
        action = data.draw(st.sampled_from(["begin", "report", "report", "pause", "pause", "fail"]))
        if action == "begin":
            trial = asha.begin()
            running.append(trial)
            if promotion is not None:
                slow.gone_on.add(promotion)
                paused.remove(promotion[0])
        elif action == "report" and running:
            trial = running.pop(data.draw(st.integers(0, len(running) - 1)))
            epoch = min(trial.until + data.draw(st.sampled_from([0, 0, 0, 0, 3])), 20)  # now and then it jumps
            loss = data.draw(LOSSES)
            level = slow.arrive(trial.id, LEVELS[trial.note.get("bracket", 0)], epoch, loss)
            assert asha.decide(trial, epoch, loss) is (Decision.CONTINUE if level == 20 else Decision.PAUSE)
            ending.append(trial)
        elif action == "pause" and ending:
            trial = ending.pop(data.draw(st.integers(0, len(ending) - 1)))
            asha.end(trial)
            if trial.status is Status.PAUSED:
                paused.add(trial.id)
        elif action == "fail" and running:
            trial = running.pop(data.draw(st.integers(0, len(running) - 1)))
            asha.end(trial, Status.FAILED)
            slow.failed.add(trial.id)
