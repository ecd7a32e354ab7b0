"""PASHA against a version written from the paper, which keeps every report and looks through all of it each time."""

import itertools
import math

import numpy as np
import pytest

from tunekit_asha.pasha import Pasha
from tunekit_core import Decision, Resume, Start, Status

LEVELS = (1, 3, 9, 20)
N_TRACES = 1000
WHOLE = ("rbo", "rrr", "arrr")  # criteria that compare the orders as a whole


class SlowPasha:
    def __init__(
        self, criterion, *, ties="arrival", epsilon=0.0, epsilon_scaling=1.0, threshold=None, place_weight=0.5
    ):
        self.criterion, self.epsilon, self.scaling = criterion, epsilon, epsilon_scaling
        default = 0.5 if criterion == "rbo" else 0.05
        self.threshold, self.place_weight = default if threshold is None else threshold, place_weight
        self.score = None
        self.n_unlocked = 2
        self.curves = {}  # trial -> resource -> loss
        self.rungs = {level: {} for level in LEVELS}  # level -> trial -> loss, in the order of arrival
        self.n_seen = {}  # trial -> how many levels it has reached or jumped over
        self.ties = ties
        self.promoted = {level: set() for level in LEVELS}  # level -> trials

    def report(self, trial, resource, loss):
        self.curves.setdefault(trial, {})[resource] = loss
        reached = sum(level <= resource for level in LEVELS)
        jumps = False
        if reached > self.n_seen.get(trial, 0):
            self.n_seen[trial] = reached
            self.rungs[LEVELS[reached - 1]][trial] = loss
            jumps = reached >= self.n_unlocked and trial not in self.rungs[LEVELS[reached - 2]]
        if self.n_unlocked == len(LEVELS):
            return
        has_settled = self.scores_well() if self.criterion in WHOLE else self.has_settled()
        if jumps:
            self.n_unlocked = min(reached + 1, len(LEVELS))
        elif not has_settled:
            self.n_unlocked += 1

    def fail(self, trial):
        self.curves.pop(trial, None)
        for level, rung in self.rungs.items():
            rung.pop(trial, None)
            self.promoted[level].discard(trial)

    def update_epsilon(self):
        if self.criterion == "soft_ranking_auto":
            distances = self.noisy_distances()
            if distances:
                self.epsilon = np.quantile(distances, 0.9, method="linear")
        elif self.criterion != "soft_ranking":
            losses = [loss for _, loss in self.top_two()[0] if loss < math.inf]
            apart = [abs(a - b) for a, b in itertools.combinations(losses, 2)]
            spread = {
                "soft_ranking_std": np.std,
                "soft_ranking_mean_dst": lambda _: np.mean(apart),
                "soft_ranking_median_dst": lambda _: np.median(apart),
            }[self.criterion]
            self.epsilon = spread(losses) * self.scaling if len(losses) > 1 else 0.0

    def noisy_distances(self):
        lower = LEVELS[self.n_unlocked - 2]
        far = [trial for trial, curve in self.curves.items() if max(curve) > lower]
        distances = []
        for a, b in itertools.combinations(far, 2):
            common = sorted(self.curves[a].keys() & self.curves[b].keys())
            if not common or common[-1] <= lower:
                continue
            orders = [np.sign(self.order(a, b, resource)) for resource in common]
            now, past = orders[-1], orders[:-1]
            noisy = now != 0 and any(
                past[k] == -now and any(earlier == now for earlier in past[:k]) for k in range(len(past))
            )
            last = self.curves[a][common[-1]], self.curves[b][common[-1]]
            if noisy and max(last) < math.inf:
                distances.append(abs(last[0] - last[1]))
        return distances

    def order(self, a, b, resource):
        a, b = self.curves[a][resource], self.curves[b][resource]
        return (a > b) - (a < b)

    def top_two(self):
        """What is on both rungs, with its loss on the lower one: in the order of the lower, and of the upper one."""
        lower, upper = (self.rungs[level] for level in LEVELS[self.n_unlocked - 2 : self.n_unlocked])
        both = [trial for trial in upper if trial in lower]
        return (
            [(trial, lower[trial]) for trial in sorted(both, key=lambda trial: lower[trial])],
            [(trial, lower[trial]) for trial in sorted(both, key=lambda trial: (upper[trial], lower[trial]))],
        )

    def has_settled(self):
        self.update_epsilon()
        by_lower, by_upper = self.top_two()
        for (_, had_this_place), (trial, _) in zip(by_lower, by_upper, strict=True):
            group = [t for t, loss in by_lower if loss == had_this_place or abs(loss - had_this_place) <= self.epsilon]
            if trial not in group:
                return False
        return True

    def scores_well(self):
        lower, upper = (self.rungs[level] for level in LEVELS[self.n_unlocked - 2 : self.n_unlocked])
        both = [trial for trial in upper if trial in lower]
        by_lower = sorted(both, key=lambda trial: (lower[trial], upper[trial]))
        by_upper = sorted(both, key=lambda trial: (upper[trial], lower[trial]))
        weights = [self.place_weight**place for place in range(len(both))]
        if self.criterion == "rbo":
            by_place = [len({*by_lower[:d]} & {*by_upper[:d]}) / d for d in range(1, len(both) + 1)]
        else:
            by_place = [regret(upper[a], upper[b]) for a, b in zip(by_lower, by_upper, strict=True)]
        if self.criterion == "arrr":
            by_place = [abs(value) for value in by_place]
        if len(both) < 2:
            self.score = 1.0 if self.criterion == "rbo" else 0.0
        else:
            self.score = sum(w * value for w, value in zip(weights, by_place, strict=True)) / sum(weights)
        return self.score >= self.threshold if self.criterion == "rbo" else self.score <= self.threshold

    def promotion(self, paused):
        for level, above in reversed([*itertools.pairwise(LEVELS[: self.n_unlocked])]):
            rung = self.rungs[level]
            waiting = [t for t in rung if t in paused and self.n_seen[t] == LEVELS.index(level) + 1]
            if len(rung) >= 2 and waiting:
                best = min(waiting, key=lambda trial: rung[trial])
                if rung[best] < math.inf and self.passes(rung, self.promoted[level], rung[best], level / above):
                    return Resume(best, until=above)
        return None

    def passes(self, rung, promoted, loss, share):
        losses = np.array([*rung.values()])
        if self.ties == "all":
            # What is infinite stands for something larger than whatever the rest can be interpolated with.
            return loss <= np.quantile(np.minimum(losses, 1e9), share, method="linear")
        place = np.count_nonzero(losses < loss) + sum(rung[trial] == loss for trial in promoted)
        return place < math.floor((len(losses) - 1) * share) + 1


def regret(taken, best):
    if taken == best:
        return 0.0
    return (taken - best) / abs(best) if best != 0 and max(taken, best) < math.inf else math.inf


def random_loss(draws, base, resource, kind):
    loss = base + 0.4 * draws.normal() / resource
    if kind == "ties":
        loss = round(loss, 1)
    if draws.random() < 0.03:
        loss = draws.choice([math.nan, math.inf, -math.inf])
    return float(loss)


def check_trace(experiment, seed, criterion, **options):
    draws = np.random.default_rng(seed)
    kind, n_workers = draws.choice(["ties", "distinct"]), int(draws.integers(1, 5))
    jumps = 0.1 if seed % 4 == 0 else 0.0
    pasha = experiment(Pasha, max_resource=20, ranking_criterion=criterion, **options)
    slow = SlowPasha(criterion, **options)
    running, ending, paused, reached, bases = [], [], set(), {}, {}
    for _ in range(int(draws.integers(20, 120))):
        expected = slow.promotion(paused)
        suggestion = pasha.next()
        assert suggestion == expected if expected else isinstance(suggestion, Start) and suggestion.until == 1
        if len(running) + len(ending) < n_workers:
            trial = pasha.begin()
            if expected:
                slow.promoted[LEVELS[LEVELS.index(expected.until) - 1]].add(trial.id)
            running.append(trial.id)
            paused.discard(trial.id)
            continue
        if ending and (not running or draws.random() < 0.7):
            ended = ending.pop(int(draws.integers(len(ending))))
            pasha.end(pasha.state.trials[ended], Status.FAILED if draws.random() < 0.05 else Status.COMPLETED)
            status = pasha.state.trials[ended].status
            if status is Status.PAUSED:
                paused.add(ended)
            elif status is Status.FAILED:
                slow.fail(ended)
            continue
        trial_id = running[int(draws.integers(len(running)))]
        trial = pasha.state.trials[trial_id]
        if draws.random() < 0.02:
            running.remove(trial_id)
            pasha.end(trial, Status.FAILED)
            slow.fail(trial_id)
        else:
            step = int(draws.integers(2, 6)) if draws.random() < jumps else 1
            resource = reached[trial_id] = min(reached.get(trial_id, 0) + step, 20)
            loss = random_loss(draws, bases.setdefault(trial_id, draws.random()), resource, kind)
            slow.report(trial_id, resource, loss if math.isfinite(loss) else math.inf)
            if pasha.decide(trial, resource, loss) is Decision.PAUSE or resource == 20:
                running.remove(trial_id)
                ending.append(trial_id)
        assert pasha.scheduler.n_unlocked == slow.n_unlocked
        columns = pasha.scheduler.columns()
        if criterion in ("soft_ranking", "soft_ranking_auto"):
            assert columns["pasha_epsilon"] == slow.epsilon
        elif criterion in WHOLE:
            assert slow.score is None or columns["pasha_score"] == pytest.approx(slow.score, rel=1e-12, abs=1e-15)
        else:
            assert columns["pasha_epsilon"] == pytest.approx(slow.epsilon, rel=1e-12, abs=1e-15)
    return slow.n_unlocked, slow.epsilon


@pytest.mark.parametrize("first", range(0, N_TRACES, 100))
def test_it_decides_as_the_slow_version_in_a_thousand_random_traces(experiment, first):
    ties = ["arrival", "arrival", "all"]
    outcomes = [
        check_trace(experiment, seed, "soft_ranking_auto", ties=ties[seed % 3]) for seed in range(first, first + 100)
    ]
    assert {n_unlocked for n_unlocked, _ in outcomes} == {2, 3, 4}
    assert sum(epsilon > 0 for _, epsilon in outcomes) > 30


@pytest.mark.parametrize(
    ("criterion", "options"),
    [
        ("soft_ranking", {"epsilon": 0.0}),
        ("soft_ranking", {"epsilon": 0.3}),
        ("soft_ranking_std", {"epsilon_scaling": 0.7}),
        ("soft_ranking_mean_dst", {}),
        ("soft_ranking_median_dst", {"epsilon_scaling": 2.0}),
        ("rbo", {}),
        ("rbo", {"threshold": 0.8, "place_weight": 1.0}),
        ("rbo", {"threshold": 1.0, "place_weight": 0.9}),
        ("rrr", {}),
        ("rrr", {"threshold": 0.5, "place_weight": 1.0}),
        ("arrr", {}),
        ("arrr", {"threshold": 0.3, "place_weight": 0.7}),
    ],
)
def test_it_decides_as_the_slow_version_by_the_other_criteria(experiment, criterion, options):
    outcomes = [check_trace(experiment, seed, criterion, **options) for seed in range(60)]
    assert len({n_unlocked for n_unlocked, _ in outcomes}) > 1
