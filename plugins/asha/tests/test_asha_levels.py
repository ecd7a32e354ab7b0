import pytest

from tunekit_asha.levels import bracket_probabilities, choose_levels, promotion_quantiles
from tunekit_core import ConfigurationError


@pytest.mark.parametrize(
    ("max_resource", "options", "levels"),
    [
        (200, {}, (1, 3, 9, 27, 81, 200)),
        (100, {}, (1, 3, 9, 27, 81, 100)),
        (81, {}, (1, 3, 9, 27, 81)),
        (52, {}, (1, 3, 9, 27, 52)),
        (251, {}, (1, 3, 9, 27, 81, 243, 251)),
        (1414, {}, (1, 3, 9, 27, 81, 243, 729, 1414)),
        (200, {"reduction_factor": 2.0}, (1, 2, 4, 8, 16, 32, 64, 128, 200)),
        (200, {"reduction_factor": 4}, (1, 4, 16, 64, 200)),
        (4000, {"min_resource": 5}, (5, 15, 45, 135, 405, 1215, 3645, 4000)),
    ],
)
def test_levels_are_those_of_the_reference(max_resource, options, levels):
    assert choose_levels(max_resource, **options) == levels


@pytest.mark.parametrize("eta", [2, 3, 10])
@pytest.mark.parametrize("power", range(1, 13))
def test_an_exact_power_has_one_level_per_factor(eta, power):
    expected = tuple(eta**k for k in range(power + 1))
    assert choose_levels(eta**power, reduction_factor=float(eta)) == expected


def test_a_reduction_factor_need_not_be_whole():
    assert choose_levels(100, reduction_factor=2.5) == (1, 2, 6, 16, 39, 98, 100)


def test_a_level_that_rounds_to_the_last_resource_is_no_second_rung_there():
    assert choose_levels(6, reduction_factor=2.4) == (1, 2, 6)  # 2.4**2 = 5.76


def test_levels_can_grow_by_a_fixed_amount():
    assert choose_levels(10, min_resource=2, rung_increment=3) == (2, 5, 8, 10)


@pytest.mark.parametrize("given", [[1, 5, 20], [1, 5, 20, 50]])
def test_levels_can_be_given_with_or_without_the_last_resource(given):
    assert choose_levels(50, rung_levels=given) == (1, 5, 20, 50)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"min_resource": 0}, "scheduler.min_resource"),
        ({"min_resource": 9}, "scheduler.min_resource"),
        ({"min_resource": 2, "rung_levels": [2, 4]}, "scheduler.min_resource"),
        ({"reduction_factor": 0}, "scheduler.reduction_factor"),
        ({"reduction_factor": 1.9}, "scheduler.reduction_factor"),
        ({"reduction_factor": float("nan")}, "scheduler.reduction_factor"),
        ({"reduction_factor": float("inf")}, "scheduler.reduction_factor"),
        ({"rung_increment": 0}, "scheduler.rung_increment"),
        ({"rung_levels": []}, "scheduler.rung_levels"),
        ({"rung_levels": [0, 1]}, "scheduler.rung_levels"),
        ({"rung_levels": [3, 1]}, "scheduler.rung_levels"),
        ({"rung_levels": [1, 1]}, "scheduler.rung_levels"),
        ({"rung_levels": [1, 10]}, "scheduler.rung_levels"),
        ({"rung_levels": [9]}, "scheduler.rung_levels"),
        ({"reduction_factor": 3, "rung_increment": 1}, "scheduler.rung_increment"),
        ({"rung_increment": 1, "rung_levels": [1]}, "scheduler.rung_levels"),
    ],
)
def test_levels_that_make_no_sense_are_refused_by_the_name_of_their_option(options, option):
    with pytest.raises(ConfigurationError) as caught:
        choose_levels(9, **options)
    assert caught.value.option == option
    assert option in str(caught.value)


def test_the_share_that_goes_on_is_the_ratio_of_a_level_to_the_next():
    assert promotion_quantiles((1, 3, 9, 27, 81, 200)) == (1 / 3, 1 / 3, 1 / 3, 1 / 3, 0.405, 1.0)


@pytest.mark.parametrize(
    ("max_resource", "brackets", "probabilities"),
    [
        (9, 3, [0.54545, 0.27273, 0.18182]),
        (27, 4, [0.55102, 0.2449, 0.12245, 0.08163]),
        (81, 4, [0.59016, 0.2459, 0.10929, 0.05464]),
        (200, 4, [0.60948, 0.24379, 0.10158, 0.04515]),
        (200, 1, [1.0]),
    ],
)
def test_bracket_probabilities_are_those_of_the_reference(max_resource, brackets, probabilities):
    assert bracket_probabilities(choose_levels(max_resource), brackets) == pytest.approx(probabilities, abs=5e-6)


@pytest.mark.parametrize("brackets", [0, 4])
def test_there_are_as_many_brackets_as_levels_at_most(brackets):
    with pytest.raises(ConfigurationError, match=f"scheduler.brackets={brackets} must be from 1 to 3"):
        bracket_probabilities((1, 3, 9), brackets)
