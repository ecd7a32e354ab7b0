import pytest

from tunekit_asha.brackets import bracket_probabilities
from tunekit_asha.levels import choose_levels, promotion_quantiles
from tunekit_asha.options import AshaOptions
from tunekit_core import InvalidOption


def levels_for(max_resource, **given):
    options = AshaOptions(**given)
    return choose_levels(max_resource, options.min_resource, options)


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
    assert levels_for(max_resource, **options) == levels


@pytest.mark.parametrize("eta", [2, 3, 10])
@pytest.mark.parametrize("power", range(1, 13))
def test_an_exact_power_has_one_level_per_factor(eta, power):
    expected = tuple(eta**k for k in range(power + 1))
    assert levels_for(eta**power, reduction_factor=float(eta)) == expected


def test_a_reduction_factor_need_not_be_whole():
    assert levels_for(100, reduction_factor=2.5) == (1, 2, 6, 16, 39, 98, 100)


def test_a_level_that_rounds_to_the_last_resource_is_no_second_rung_there():
    assert levels_for(6, reduction_factor=2.4) == (1, 2, 6)  # 2.4**2 = 5.76


def test_levels_can_grow_by_a_fixed_amount():
    assert levels_for(10, min_resource=2, rung_increment=3) == (2, 5, 8, 10)


@pytest.mark.parametrize("given", [[1, 5, 20], [1, 5, 20, 50]])
def test_levels_can_be_given_with_or_without_the_last_resource(given):
    assert levels_for(50, rung_levels=given) == (1, 5, 20, 50)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"min_resource": 0}, "min_resource"),
        ({"min_resource": 9}, "min_resource"),
        ({"min_resource": 2, "rung_levels": [2, 4]}, "min_resource"),
        ({"reduction_factor": 0}, "reduction_factor"),
        ({"reduction_factor": 1.9}, "reduction_factor"),
        ({"reduction_factor": float("nan")}, "reduction_factor"),
        ({"reduction_factor": float("inf")}, "reduction_factor"),
        ({"rung_increment": 0}, "rung_increment"),
        ({"rung_levels": []}, "rung_levels"),
        ({"rung_levels": [0, 1]}, "rung_levels"),
        ({"rung_levels": [3, 1]}, "rung_levels"),
        ({"rung_levels": [1, 1]}, "rung_levels"),
        ({"rung_levels": [1, 10]}, "rung_levels"),
        ({"rung_levels": [9]}, "rung_levels"),
        ({"reduction_factor": 3, "rung_increment": 1}, "rung_increment"),
        ({"rung_increment": 1, "rung_levels": [1]}, "rung_levels"),
    ],
)
def test_levels_that_make_no_sense_are_refused_by_the_name_of_their_option(options, option):
    with pytest.raises(InvalidOption) as caught:
        levels_for(9, **options)
    assert caught.value.option == option
    assert str(caught.value).startswith(f"{option}=")


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
    assert bracket_probabilities(levels_for(max_resource), brackets) == pytest.approx(probabilities, abs=5e-6)


def test_there_are_as_many_brackets_as_levels_at_most():
    with pytest.raises(InvalidOption, match=r"brackets=4 must be at most 3: .* the levels are 1, 3, 9"):
        bracket_probabilities((1, 3, 9), 4)
