"""What looks like a domain and is none is refused with what to write, and honest text is a constant."""

import numpy as np
import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import SearchSpace, choice, uniform


def refusal(entry, read=SearchSpace.parse):
    with pytest.raises(ConfigurationError) as caught:
        read({"lr": entry})
    assert caught.value.option == "lr"
    assert str(caught.value).startswith(("lr: ", "lr="))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("log uniform(1e-4, 1)", "loguniform(1e-4, 1)"),
        ("1e-4..1", "loguniform(0.0001, 1)"),
        ("0.01-0.1", "uniform(0.01, 0.1)"),
        ("1 to 10", "randint(1, 10)"),
        ("1->1000", "lograndint(1, 1000)"),
        ("log-uniform(1e-4, 1)", "loguniform(1e-4, 1)"),
        ("log_uniform(1e-4, 1)", "loguniform(1e-4, 1)"),
        ("LogUniform(1e-4, 1)", "loguniform(1e-4, 1)"),
        ("logunif(1e-4, 1)", "loguniform(1e-4, 1)"),
        ("loguniform 1e-4 1", "loguniform(1e-4, 1)"),
        ("loguniform: 1e-4, 1", "loguniform(1e-4, 1)"),
        ("uniform[0,1]", "uniform(0, 1)"),
        ("uniform{0,1}", "uniform(0, 1)"),
        ("Uniform(0,1)", "uniform(0, 1)"),
        ("~uniform(0,1)", "uniform(0, 1)"),
        ("uniform(0;1)", "uniform(0, 1)"),
        ("uniform(0, 1", "uniform(0, 1)"),
        ("np.random.uniform(0,1)", "uniform(0, 1)"),
        ("tune.choice(['a', 'b'])", "choice(['a', 'b'])"),
        ("choice[a, b]", "choice(['a', 'b'])"),
        ("choice(a|8)", "choice(['a', 8])"),
        ("choise([1, 2])", "choice([1, 2])"),
        ("randint(1, 10, 2)", "randint(1, 10), both ends included"),
        ("np.linspace(0, 1, 5)", "finrange(0, 1, 5)"),
        ("uniform", "uniform(0.0, 0.9)"),
        ("uniform(1, 0)", "uniform(0.0, 0.9)"),
    ],
)
def test_a_text_that_looks_like_a_domain_is_refused_with_the_one_that_is_meant(text, meant):
    assert f" Write {meant}. Text that is no domain is a choice of one: choice([{text!r}])." in refusal(text)


@pytest.mark.parametrize("text", ["normal(0, 1)", "Adam(lr=0.1)", "U(0, 1)"])
def test_a_call_of_something_else_is_refused_with_what_is_known(text):
    assert f"'{text}' is not a domain. Known are: uniform(0.0, 0.9), " in refusal(text)
    assert SearchSpace.parse({"optimizer": f"choice([{text!r}])"}).default() == {"optimizer": text}


@pytest.mark.parametrize(
    "text",
    [
        *("f(x) = 3", "normal", "data[1].csv", "original[1].png", "model (2)", "uniform.txt", "s3://a/b(c)/d", "int"),
        *("a 3", "log uniform sampling", "range 3", "", "größe (cm)", "5 (five)"),
    ],
)
def test_honest_text_is_a_constant(text):
    assert SearchSpace.parse({"note": text}).constants == {"note": text}


class FloatDistribution:
    """As Optuna has it."""

    low, high, log, step = 1e-4, 0.1, True, None


class Frozen:
    """As scipy.stats has it."""

    class dist:
        name = "uniform"

    def support(self):
        return np.float64(0.0), np.float64(0.5)


@pytest.mark.parametrize(
    ("entry", "instead"),
    [
        (uniform, "It is the function uniform, and not called: write uniform(0.0, 0.9)."),
        (lambda: 0.5, "A function is no domain"),
        (np.random.default_rng(0).uniform, "A function is no domain"),
        (FloatDistribution(), "Write loguniform(0.0001, 0.1)."),
        (Frozen(), "Write uniform(0.0, 0.5)."),
        (range(1, 5), "write randint(1, 4)."),
        (range(0, 10, 2), "write list(range(0, 10, 2))."),
        ({16, 32}, "A set has no order"),
        ((unit for unit in [16, 32]), "An object of type generator is not known here"),
        ((0.5, 1), "write the list [0.5, 1], for all numbers between them uniform(0.5, 1)."),
        (float("inf"), "It is no finite number."),
    ],
)
@pytest.mark.parametrize("read", [SearchSpace, SearchSpace.parse])
def test_an_object_that_is_no_domain_is_refused_with_what_to_write(entry, instead, read):
    message = refusal(entry, read)
    assert "is neither a domain nor a constant" in message
    assert instead in message


@pytest.mark.parametrize(
    ("entry", "instead"),
    [
        ({"type": "uniform", "min": 0, "max": 1}, "uniform(0, 1)"),
        ({"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1}, "loguniform(0.0001, 0.1)"),
        ({"_type": "uniform", "_value": [0, 1]}, "uniform(0, 1)"),
        ({"_type": "choice", "_value": [16, 32]}, "the list [16, 32]"),
        ({"values": [16, 32]}, "the list [16, 32]"),
        ({"value": 3}, "3"),
        ({"uniform": [0, 1]}, "uniform(0, 1)"),
        ({"min": 1, "max": 5}, "randint(1, 5), both ends included"),
        ({"type": "range", "bounds": [1e-4, 0.1], "log_scale": True}, "loguniform(0.0001, 0.1)"),
        ({"type": "int", "low": 1, "high": 8, "log": True}, "lograndint(1, 8), both ends included"),
        ({"type": "normal", "mean": 0}, "a domain with bounds, such as uniform(0.0, 0.9)"),
    ],
)
def test_a_mapping_as_other_tools_have_it_is_refused_with_the_domain_that_is_meant(entry, instead):
    assert f"lr={entry!r} is no domain. Write {instead}." in refusal(entry)
    assert "is neither a domain nor a constant" in refusal(entry, SearchSpace)


def test_a_domain_in_a_list_is_refused():
    assert "'uniform(0, 1)' looks like a domain" in refusal(["uniform(0, 1)", 3])


def test_a_mapping_makes_names_with_dots():
    nested = {"optim": {"lr": "uniform(0, 1)", "name": "adam", "schedule": {"gamma": [0.1, 0.5]}}, "n": 3}
    space = SearchSpace.parse(nested)
    assert list(space) == ["optim.lr", "optim.name", "optim.schedule.gamma", "n"]
    assert space.domains == {"optim.lr": uniform(0, 1), "optim.schedule.gamma": choice([0.1, 0.5])}


def test_of_two_entries_of_one_name_the_last_holds():
    assert SearchSpace.parse({"optim.lr": 1, "optim": {"lr": 2}}).constants == {"optim.lr": 2}


def test_an_empty_mapping_is_refused():
    assert "is neither a domain nor a constant" in refusal({})
