"""The ranking of trials on two rungs, against a slow version."""

import itertools

import numpy as np

from tunekit_asha.pasha.ranking import SharedRanking


def ranking_of(*upper):
    """Trials by their losses on the upper rung, in the order of the lower one."""
    return SharedRanking(enumerate(upper))


def test_what_is_equal_on_one_rung_has_changed_places_with_nobody():
    for trials in itertools.permutations([(0.1, 0.5), (0.2, 0.5), (0.3, 0.6), (0.3, 0.7), (0.3, 0.7)]):
        ranking = SharedRanking(trials)
        assert ranking.places.tolist() == [0, 1, 2, 3, 4]


def test_trials_that_come_and_go_leave_the_ranking_of_those_that_are_there():
    for seed in range(200):
        draws = np.random.default_rng(seed)
        ranking, trials = SharedRanking(), []
        for _ in range(40):
            if trials and draws.random() < 0.3:
                trial = trials.pop(int(draws.integers(len(trials))))
                ranking.remove(*trial)
            else:
                losses = draws.integers(5, size=2) / 4
                lower, upper = np.where(losses == 1, np.inf, losses).tolist()
                trials.append((lower, upper))
                ranking.add(lower, upper)
            by_lower, by_upper = sorted(trials), sorted(trials, key=lambda trial: trial[::-1])
            assert ranking.lower.tolist() == [lower for lower, _ in by_lower]
            assert ranking.upper.tolist() == [upper for _, upper in by_upper]
            assert [by_upper[place] for place in ranking.places] == by_lower
            assert sorted(ranking.places) == [*range(len(trials))]
            assert ranking.places.tolist() == SharedRanking(trials).places.tolist()


def test_a_measure_is_taken_anew_only_where_a_trial_has_come_or_gone():
    calls = []

    def measure(ranking):
        calls.append(len(ranking.places))
        return 0.0

    ranking = ranking_of(0.1, 0.2)
    for change in (lambda: None, lambda: ranking.add(2.0, 0.3), lambda: None, lambda: ranking.remove(2.0, 0.3)):
        change()
        ranking.measure(measure)
    assert calls == [2, 3, 2]
