"""What a searcher answers is checked where its scheduler asks: the searcher is named, not who trips over the answer."""

import copy

import numpy as np
import pytest

from tunekit_core import AskTell, Proposal, Streams, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.builtin.rung_sizes import RungSizes
from tunekit_core.contracts.trials import PausedTrial, Promotion, Resume, Start
from tunekit_core.errors import ComponentError

X = {"x": 0.5}
HERE = "module tests.core.test_answers"


@pytest.fixture
def play(play):
    """Ends after nine trials, also where nothing is refused."""

    def nine(problem):
        return create("stopping", "max_num_trials_finished", problem, count=9)

    return lambda script, **options: play(script, stopping=[nine], **options)


@pytest.fixture
def streams():
    return Streams(0)


def deep(levels):
    """Lists in each other."""
    value = []
    for _ in range(levels):
        value = [value]
    return value


def answering(**answers):
    """A searcher whose methods of these names return these, from the second trial on where they are told of one."""

    def method(answer):
        def answered(self, *arguments, **named):
            first = arguments[0] if arguments else None
            return Proposal(X) if first == 0 and answer is not None and "resource" in named else answer

        return answered

    methods = {name: method(answer) for name, answer in answers.items()}
    return type("Answers", (RandomSearch,), {"name": "answers", "__module__": __name__, **methods})


def check_named(played, method, refusal, trial_id):
    """See that the searcher is named, and what is wrong with its answer."""
    about = "" if trial_id is None else f", trial {trial_id}"
    assert str(played.error) == f"The searcher 'answers' ({HERE}) {refusal} ({method}{about})."
    facts = played.error
    assert (facts.kind, facts.name, facts.origin) == ("searcher", "answers", HERE)
    assert (facts.method, facts.trial_id) == (method, trial_id)
    assert (played.metadata["status"], played.metadata["reason"]) == ("failed", str(played.error))


class LikeAProposal:
    def __init__(self):
        self.configuration, self.note = X, {}

    def __repr__(self):
        return "LikeAProposal()"


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (X, "returned {'x': 0.5}, which is no Proposal or None"),
        ("x=0.5", "returned 'x=0.5', which is no Proposal or None"),
        ((X, {}), "returned ({'x': 0.5}, {}), which is no Proposal or None"),
        ([], "returned [], which is no Proposal or None"),
        ({}, "returned {}, which is no Proposal or None"),
        (0, "returned 0, which is no Proposal or None"),
        (False, "returned False, which is no Proposal or None"),
        (Proposal, "returned <class 'tunekit_core.contracts.trials.Proposal'>, which is no Proposal or None"),
        (Start(X), None),
        (Promotion(0), "returned Promotion(trial_id=0, note={}), which is no Proposal or None"),
        (LikeAProposal(), "returned LikeAProposal(), which is no Proposal or None"),
        (Proposal([0.5]), "proposes the configuration [0.5], which is no mapping"),
        (Proposal("x"), "proposes the configuration 'x', which is no mapping"),
        (Proposal(None), "proposes the configuration None, which is no mapping"),
        (Proposal(X, None), "gives a note that is None, which is no dict"),
        (Proposal(X, "fit"), "gives a note that is 'fit', which is no dict"),
        (Proposal(X, [("a", 1)]), "gives a note that is [('a', 1)], which is no dict"),
        (
            Proposal(X, {1: "a"}),
            "gives a note that JSON changes: the keys of note are [1], and only text can be a key",
        ),
        (Proposal(X, {"a": deep(100_000)}), None),
    ],
)
def test_an_answer_of_suggest_that_is_no_proposal_is_an_error_of_the_searcher(play, answer, refusal):
    played = play(lambda t, run: [0.5], searcher=answering(suggest=answer), raises=ComponentError)
    if refusal is None:
        assert str(played.error).startswith(f"The searcher 'answers' ({HERE}) ")
        assert str(played.error).endswith(" (suggest, trial 1).")
    else:
        check_named(played, "suggest", refusal, 1)
    assert [event["trial_id"] for event in played.events if event["event"] == "start"] == [0]


class Asks(Fifo):
    """Lets its searcher choose, and weigh brackets."""

    name = "asks"
    needs = frozenset({"pause"})

    def __init__(self, problem, streams, searcher):
        super().__init__(problem, streams, searcher)
        self.paused = {}

    def suggest(self, trial_id):
        if hasattr(self.searcher, "bracket_weights"):
            sum(self.searcher.bracket_weights((1, 3)).values())
        chosen = self.searcher.choose(trial_id, tuple(self.paused.values()), resource=1)
        if chosen is None:
            return None
        if isinstance(chosen, Promotion):
            return Resume(chosen.trial_id, until=3, note=chosen.note)
        return Start(chosen.configuration, until=1, note=chosen.note)

    def on_resume(self, trial, note):
        del self.paused[trial.id]

    def on_pause(self, trial):
        self.paused[trial.id] = PausedTrial(trial.id, 1, 3)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (0, "returned 0, which is no Proposal, Promotion or None"),
        (X, "returned {'x': 0.5}, which is no Proposal, Promotion or None"),
        (Resume(0), "returned Resume(trial_id=0, until=None, note={}), which is no Proposal, Promotion or None"),
        (PausedTrial(0, 1, 3), None),
        (Proposal(7), "proposes the configuration 7, which is no mapping"),
        (Proposal(X, 7), "gives a note that is 7, which is no dict"),
        (Promotion(5), "chose the trial 5, which is not among the paused trials that it was given: 0"),
        (Promotion("0"), "chose the trial '0', which is not among the paused trials that it was given: 0"),
        (Promotion(False), "chose the trial False, which is not among the paused trials that it was given: 0"),
        (Promotion([0]), "chose the trial [0], which is not among the paused trials that it was given: 0"),
        (Promotion(0, 7), "gives a note that is 7, which is no dict"),
        (Promotion(0, {"a": ()}), "gives a note that JSON changes: note['a'] is () of type tuple, and would be []"),
    ],
)
def test_an_answer_of_choose_that_is_no_choice_is_an_error_of_the_searcher(play, answer, refusal):
    searcher = answering(choose=answer)
    played = play(lambda t, run: [0.5], scheduler=Asks, searcher=searcher, raises=ComponentError)
    if refusal is None:
        assert str(played.error).startswith(f"The searcher 'answers' ({HERE}) returned PausedTrial(")
    else:
        check_named(played, "choose", refusal, 1)


def test_a_searcher_that_chooses_nothing_though_trials_are_paused_is_named(play):
    class Gives(answering()):
        def choose(self, trial_id, paused, *, resource):
            return None if paused else Proposal(X)

    played = play(lambda t, run: [0.5], scheduler=Asks, searcher=Gives, raises=ComponentError)
    check_named(played, "choose", "returned None, and of these trials that are paused it may choose: 0", 1)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ([0.5, 0.5], "returned [0.5, 0.5], which are no weights by level"),
        (None, "returned None, which are no weights by level"),
        ({1: "0.5"}, "returned {1: '0.5'}: weights are finite numbers from 0 on"),
        ({1: None}, "returned {1: None}: weights are finite numbers from 0 on"),
        ({1: 0.5, 3: -0.1}, "returned {1: 0.5, 3: -0.1}: weights are finite numbers from 0 on"),
        ({1: float("nan")}, "returned {1: nan}: weights are finite numbers from 0 on"),
        ({1: float("inf")}, "returned {1: inf}: weights are finite numbers from 0 on"),
        ({1: np.zeros(2)}, "returned {1: array([0., 0.])}: weights are finite numbers from 0 on"),
    ],
)
def test_weights_of_brackets_that_are_none_are_an_error_of_the_searcher(play, answer, refusal):
    searcher = answering(bracket_weights=answer)
    played = play(lambda t, run: [0.5], scheduler=Asks, searcher=searcher, raises=ComponentError)
    check_named(played, "bracket_weights", refusal, None)


def test_weights_may_be_numbers_of_numpy_and_truth_values(play):
    searcher = answering(bracket_weights={1: np.float64(0.5), 3: np.int64(1), 9: True}, choose=None)
    assert play(lambda t, run: [0.5], scheduler=Asks, searcher=searcher).error is None


@pytest.mark.parametrize("answer", [["n"], None, {"num_at_level1": [1]}, {1: 2}, {"num_at_level1": object}])
@pytest.mark.parametrize("kind", ["searcher", "scheduler"])
def test_columns_that_become_none_are_an_error_of_whoever_tells_them_not_of_a_composer(play, kind, answer):
    class Tells:
        n_reports = 0

        def on_report(self, trial, report):
            self.n_reports += 1
            return super().on_report(trial, report)

        def columns(self):
            return answer if self.n_reports > 1 else {"num_at_level1": 1}

    parts = {"searcher": RandomSearch, "scheduler": Fifo}
    parts[kind] = type("Tells", (Tells, parts[kind]), {"__module__": __name__})
    played = play(lambda t, run: [0.5] * 3, **parts, composers=[RungSizes], raises=ComponentError)
    assert played.error.kind == kind
    assert str(played.error).endswith(", which are no scalars by name (columns).")


@pytest.mark.parametrize(("method", "arguments"), [("suggest", "self, trial_id"), ("choose", "self, paused")])
def test_a_searcher_that_cannot_be_asked_as_its_contract_says_is_named(play, method, arguments):
    namespace = {}
    exec(f"def {method}({arguments}): return None", namespace)
    searcher = type("Says", (RandomSearch,), {"name": "says", "__module__": __name__, method: namespace[method]})
    scheduler = Fifo if method == "suggest" else Asks
    played = play(lambda t, run: [0.5], scheduler=scheduler, searcher=searcher, raises=ComponentError)
    assert str(played.error).startswith(f"The searcher 'says' ({HERE}) raised TypeError in {method} for trial 0: ")


def test_a_caller_who_runs_the_trials_is_told_the_same(problem, streams):
    experiment = AskTell(Fifo(problem, streams, answering(suggest=X)(problem, streams)))
    assert experiment.ask().id == 0
    with pytest.raises(ComponentError, match=r"^The searcher 'answers' .*no Proposal or None \(suggest, trial 1\)\.$"):
        experiment.ask()


def test_two_experiments_with_the_same_searcher_check_its_answers_once(problem, streams):
    calls = []

    class Counts(RandomSearch):
        def suggest(self, trial_id, *, resource):
            calls.append(trial_id)
            return super().suggest(trial_id, resource=resource)

    scheduler = Fifo(problem, streams, Counts(problem, streams))
    AskTell(scheduler)
    first = scheduler.searcher.suggest
    AskTell(scheduler)
    assert scheduler.searcher.suggest is first
    first(0, resource=9)
    assert calls == [0]


def test_a_copy_of_a_scheduler_asks_its_own_copy_of_the_searcher(problem, streams):
    class Remembers(RandomSearch):
        n_asked = 0

        def suggest(self, trial_id, *, resource):
            self.n_asked += 1
            return super().suggest(trial_id, resource=resource)

    scheduler = Fifo(problem, streams, Remembers(problem, streams))
    AskTell(scheduler)
    copied = copy.deepcopy(scheduler)
    copied.suggest(0)
    assert (scheduler.searcher.n_asked, copied.searcher.n_asked) == (0, 1)


def test_what_was_put_in_place_of_a_method_is_asked_and_checked_too(play):
    class Replaced(RandomSearch):
        def __init__(self, problem, streams):
            super().__init__(problem, streams)
            self.suggest = lambda trial_id, *, resource: "nothing"

    played = play(lambda t, run: [0.5], searcher=Replaced, raises=ComponentError)
    assert "returned 'nothing', which is no Proposal or None (suggest, trial 0)" in str(played.error)


def test_a_scheduler_that_breaks_over_a_good_answer_is_named_itself(play):
    class Breaks(Fifo):
        name = "breaks"

        def suggest(self, trial_id):
            return Start(self.searcher.suggest(trial_id, resource=9).config)

    played = play(lambda t, run: [0.5], scheduler=Breaks, raises=ComponentError)
    assert str(played.error).startswith(f"The scheduler 'breaks' ({HERE}) raised AttributeError in suggest for trial 0")
