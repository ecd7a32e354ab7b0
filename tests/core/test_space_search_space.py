"""The space as a whole: order, constants, fixed values, completion, finite spaces."""

import copy
import math
import pickle
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams
from tunekit_core.space import (
    Configuration,
    ConfigurationTable,
    SearchSpace,
    choice,
    finrange,
    lograndint,
    loguniform,
    ordinal,
    randint,
    reverseloguniform,
    uniform,
)

MIXED = SearchSpace(
    {
        "lr": loguniform(1e-4, 0.1),
        "momentum": reverseloguniform(0.9, 0.999),
        "epochs": 27,
        "units": lograndint(1, 64),
        "shift": uniform(-1, 1),
        "act": choice(["tanh", "relu"]),
    }
)
FINITE = SearchSpace({"a": choice(["x", "y", "z"]), "n": 9, "b": randint(3, 4), "c": finrange(0, 1, 3)})


def test_names_are_hyperparameters_and_the_rest_are_constants():
    assert MIXED.names == ("lr", "momentum", "units", "shift", "act")
    assert MIXED.constants == {"epochs": 27}
    assert list(MIXED) == ["lr", "momentum", "epochs", "units", "shift", "act"]
    assert len(MIXED) == 6
    assert MIXED["epochs"] == 27
    assert MIXED["act"] == MIXED.domains["act"] == choice(["tanh", "relu"])
    assert MIXED.n_draws == 5


def test_random_configurations_never_change():
    assert MIXED.from_unit(Streams(42).uniforms("configurations", 0, 2, MIXED.n_draws)) == [
        {
            "lr": 0.00401927844657,
            "momentum": 0.995552777766,
            "epochs": 27,
            "units": 1,
            "shift": -0.84429943016,
            "act": "tanh",
        },
        {
            "lr": 0.0560713565767,
            "momentum": 0.998322445931,
            "epochs": 27,
            "units": 5,
            "shift": 0.25277840344,
            "act": "tanh",
        },
    ]


def test_a_configuration_does_not_depend_on_those_drawn_with_it():
    u = Streams(0).uniforms("configurations", 0, 50, MIXED.n_draws)
    assert MIXED.from_unit(u) == [MIXED.from_unit(row[np.newaxis])[0] for row in u]


def test_configurations_have_the_keys_in_the_order_of_the_space():
    u = np.full((1, 5), 0.5)
    assert list(MIXED.from_unit(u)[0]) == list(MIXED)
    assert list(MIXED.decode(MIXED.encode(MIXED.from_unit(u)))[0]) == list(MIXED)
    assert list(MIXED.complete({"act": "relu", "lr": 0.1})) == list(MIXED)
    assert list(next(FINITE.enumerate())) == list(FINITE.configuration_at(3)) == list(FINITE)


def test_arrays_of_the_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"u has shape \(2, 4\), expected \(n, 5\)"):
        MIXED.from_unit(np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"X has shape \(5,\), expected \(n, 5\)"):
        MIXED.decode(np.zeros(5))


def test_a_configuration_without_a_hyperparameter_cannot_be_encoded():
    with pytest.raises(ConfigurationError, match="A configuration lacks 'units'") as caught:
        MIXED.encode([{"lr": 0.01, "momentum": 0.95}])
    assert caught.value.option == "units"


def test_no_configurations_are_encoded_and_decoded_to_none():
    assert MIXED.encode([]).shape == (0, MIXED.width)
    assert MIXED.decode(np.zeros((0, MIXED.width))) == []
    assert MIXED.from_unit(np.zeros((0, 5))) == []


def test_a_space_of_constants_has_one_configuration():
    space = SearchSpace({"epochs": 3})
    assert space.size == 1
    assert space.from_unit(np.zeros((2, 0))) == [{"epochs": 3}] * 2
    assert list(space.enumerate()) == [{"epochs": 3}] == [space.configuration_at(0)]
    assert space.encode([{"epochs": 3}]).shape == (1, 0)
    assert SearchSpace({}).from_unit(np.zeros((2, 0))) == [{}, {}]


class TestFixed:
    def test_the_others_stay_paired(self):
        u = Streams(3).uniforms("configurations", 0, 20, MIXED.n_draws)
        fixed = MIXED.fix({"shift": 0.5, "act": "relu"})
        assert fixed.n_draws == MIXED.n_draws
        assert fixed.from_unit(u) == [c | {"shift": 0.5, "act": "relu"} for c in MIXED.from_unit(u)]

    def test_it_is_left_out_of_encoding_and_size(self):
        fixed = FINITE.fix({"a": "y"})
        assert (FINITE.width, fixed.width) == (5, 2)
        assert (FINITE.size, fixed.size) == (18, 6)
        assert fixed.names == ("a", "b", "c")
        assert fixed.searched == ("b", "c")
        assert fixed.decode(fixed.encode([{"a": "y", "n": 9, "b": 3, "c": 0.5}])) == [
            {"a": "y", "n": 9, "b": 3, "c": 0.5}
        ]

    def test_it_is_in_the_default_and_cast(self):
        fixed = FINITE.fix({"b": 4.0})
        assert fixed.default() == {"a": "x", "n": 9, "b": 4, "c": 0.5}
        assert type(fixed.fixed["b"]) is int

    def test_the_last_value_counts_and_the_order_does_not(self):
        assert FINITE.fix({"a": "y"}).fix({"b": 3}).fix({"a": "x"}) == FINITE.fix({"b": 3, "a": "x"})
        assert FINITE.fix({}) == FINITE != FINITE.fix({"a": "x"})

    def test_a_continuous_space_becomes_finite(self):
        space = SearchSpace({"a": uniform(0, 1), "b": randint(1, 3)})
        assert space.size is None
        assert space.fix({"a": 0.25}).size == 3
        assert next(space.fix({"a": 0.25}).enumerate()) == {"a": 0.25, "b": 1}

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"unit": 3}, "No hyperparameter is named 'unit'. Did you mean 'units'? This space has: lr, "),
            ({"epochs": 3}, "'epochs' cannot be fixed: it is the constant 27."),
            ({"act": "relo"}, "act: 'relo' is not in choice(['tanh', 'relu']): allowed are 'tanh', 'relu'."),
            ({"shift": 2}, "shift: 2 is not in uniform(-1.0, 1.0)"),
        ],
    )
    def test_what_cannot_be_fixed_is_refused(self, values, message):
        with pytest.raises(ConfigurationError) as caught:
            MIXED.fix(values)
        assert message in str(caught.value)
        assert caught.value.option in values


class TestOneValue:
    """Hyperparameters with a single value: as choice(['x']), whatever the domain."""

    space = SearchSpace({"a": randint(1, 1), "b": choice(["x", "y"]), "c": lograndint(4, 4), "d": finrange(0, 0, 1)})

    def test_it_is_in_every_configuration_and_not_encoded(self):
        assert self.space.width == 1
        assert self.space.names == self.space.searched == ("a", "b", "c", "d")
        assert self.space.default() == {"a": 1, "b": "x", "c": 4, "d": 0.0}
        assert self.space.decode(np.array([[0.75]])) == [{"a": 1, "b": "y", "c": 4, "d": 0.0}]

    def test_it_adds_nothing_to_size_and_positions(self):
        assert self.space.size == 2
        listed = [{"a": 1, "b": "x", "c": 4, "d": 0.0}, {"a": 1, "b": "y", "c": 4, "d": 0.0}]
        assert list(self.space.enumerate()) == [self.space.configuration_at(i) for i in range(2)] == listed
        assert [self.space.index_of(configuration) for configuration in listed] == [0, 1]
        assert list(ConfigurationTable(self.space, np.array([1]))) == listed[1:]

    def test_text_and_json_give_it_back(self):
        assert SearchSpace.parse(self.space.to_text()) == self.space
        assert SearchSpace.from_json(self.space.to_json()) == self.space

    def test_it_may_be_fixed_to_its_value(self):
        assert self.space.fix({"a": 1}).default() == self.space.default()
        with pytest.raises(
            ConfigurationError, match=r"a: 2 is not in randint\(1, 1\): allowed are whole numbers from 1"
        ):
            self.space.fix({"a": 2})

    def test_it_consumes_its_random_number_so_the_others_are_the_same_as_before_it_was_narrowed(self):
        u = Streams(3).uniforms("configurations", 0, 20, 2)
        wide, narrow = (SearchSpace({"a": randint(1, upper), "b": uniform(0, 1)}) for upper in (64, 1))
        assert narrow.from_unit(u) == [configuration | {"a": 1} for configuration in wide.from_unit(u)]


class TestReplace:
    def test_it_gives_another_configuration_with_the_value_cast(self):
        before = MIXED.complete({"units": 3})
        after = MIXED.replace(before, "units", 5.0)
        assert (before["units"], after["units"]) == (3, 5)
        assert type(after["units"]) is int
        assert after == before | {"units": 5}
        assert type(after) is Configuration
        assert list(after) == list(MIXED)

    def test_any_mapping_will_do_and_gets_the_order_of_the_space(self):
        reversed_default = dict(reversed(MIXED.default().items()))
        assert list(MIXED.replace(reversed_default, "shift", 0.25)) == list(MIXED)

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("act", "elu", "act: 'elu' is not in choice(['tanh', 'relu']): allowed are 'tanh', 'relu'."),
            ("epochs", 28, "epochs=28 cannot be chosen: it is 27 in every configuration of this space."),
            ("shift", 0.4, "shift=0.4 cannot be chosen: it is 0.5 in every configuration of this space."),
            ("unit", 3, "No hyperparameter is named 'unit'. Did you mean 'units'? This space has: lr, "),
        ],
    )
    def test_a_wrong_value_is_refused_as_in_a_point_to_evaluate(self, name, value, message):
        space = MIXED.fix({"shift": 0.5})
        for refused in (lambda: space.replace(space.default(), name, value), lambda: space.complete({name: value})):
            with pytest.raises(ConfigurationError) as caught:
                refused()
            assert message in str(caught.value)
            assert caught.value.option == name

    def test_what_is_no_configuration_of_the_space_is_refused(self):
        with pytest.raises(ConfigurationError, match="A configuration lacks 'lr'") as caught:
            MIXED.replace({"units": 3}, "act", "relu")
        assert caught.value.option == "lr"


class TestComplete:
    def test_missing_values_take_the_default_and_given_ones_are_cast(self):
        assert MIXED.complete({"units": 3.0, "epochs": 27}) == MIXED.default() | {"units": 3}

    @pytest.mark.parametrize(
        ("partial", "message"),
        [
            ({"act": "elu"}, "act: 'elu' is not in"),
            ({"epochs": 28}, "epochs=28 cannot be chosen: it is 27 in every configuration of this space."),
            ({"shift": 0.4}, "shift=0.4 cannot be chosen: it is 0.5 in every configuration of this space."),
            ({"activation": "relu"}, "No hyperparameter is named 'activation'."),
        ],
    )
    def test_a_wrong_value_is_refused(self, partial, message):
        with pytest.raises(ConfigurationError) as caught:
            MIXED.fix({"shift": 0.5}).complete(partial)
        assert message in str(caught.value)

    def test_what_the_space_has_drawn_or_completed_is_complete_as_it_is(self):
        (drawn,) = MIXED.from_unit(np.full((1, MIXED.n_draws), 0.3))
        completed = MIXED.complete(drawn)
        assert completed is drawn
        assert MIXED.complete(MIXED.default() | {"units": 3.0}) == MIXED.default() | {"units": 3}

    def test_what_was_drawn_from_no_number_is_looked_at(self):
        space = SearchSpace({"x": uniform(0.0, 1.0)})
        (drawn,) = space.from_unit(np.array([[math.nan]]))
        with pytest.raises(ConfigurationError, match=r"x: .* is not in"):
            space.complete(drawn)

    @pytest.mark.parametrize("leave", [copy.deepcopy, lambda drawn: pickle.loads(pickle.dumps(drawn))])
    def test_what_another_space_has_drawn_is_looked_at(self, leave):
        wide, narrow = SearchSpace({"x": uniform(0.0, 9.0)}), SearchSpace({"x": uniform(0.0, 1.0)})
        (drawn,) = wide.from_unit(np.array([[0.9]]))
        for configuration in (drawn, leave(drawn)):
            assert wide.complete(configuration) == drawn
            with pytest.raises(ConfigurationError, match=r"x: 8.1 is not in"):
                narrow.complete(configuration)
        with pytest.raises(ConfigurationError, match="cannot be chosen"):
            wide.fix({"x": 1.0}).complete(drawn)

    def test_the_space_contains_what_it_completes_and_nothing_less(self):
        assert MIXED.contains(MIXED.default())
        assert not MIXED.contains({"lr": 0.01})
        assert not MIXED.contains(MIXED.default() | {"other": 1})
        assert not MIXED.contains(MIXED.default() | {"lr": 1.0})
        assert not MIXED.fix({"act": "relu"}).contains(MIXED.default())


def test_the_key_has_the_values_of_all_hyperparameters():
    configuration = MIXED.default()
    assert MIXED.key(configuration) == (
        configuration["lr"], configuration["momentum"], 8, 0.0, "tanh",
    )  # fmt: skip
    assert MIXED.fix({"act": "tanh"}).key(configuration) == MIXED.key(configuration)
    assert hash(MIXED.key(configuration)) == hash(MIXED.key(dict(configuration)))
    assert MIXED.key(configuration | {"units": 9}) != MIXED.key(configuration)


class TestFinite:
    def test_the_last_hyperparameter_varies_fastest(self):
        assert FINITE.size == 18
        assert [FINITE.key(c) for c in FINITE.enumerate()][:4] == [
            ("x", 3, 0.0), ("x", 3, 0.5), ("x", 3, 1.0), ("x", 4, 0.0),
        ]  # fmt: skip

    @pytest.mark.parametrize("space", [FINITE, FINITE.fix({"b": 4}), FINITE.fix({"a": "y", "c": 1.0})])
    def test_positions_and_configurations_correspond(self, space):
        listed = list(space.enumerate())
        assert len(listed) == space.size
        assert [space.configuration_at(i) for i in range(space.size)] == listed
        assert [space.index_of(c) for c in listed] == list(range(space.size))

    @given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.data())
    def test_large_spaces_are_addressed_without_being_listed(self, sizes, data):
        space = SearchSpace({str(i): randint(0, 10**size) for i, size in enumerate(sizes)})
        index = data.draw(st.integers(0, space.size - 1))
        assert space.index_of(space.configuration_at(index)) == index

    @pytest.mark.parametrize("index", [-1, 18])
    def test_a_position_out_of_range_is_refused(self, index):
        with pytest.raises(IndexError, match=f"index {index} is not from 0 to 18 - 1"):
            FINITE.configuration_at(index)

    def test_a_continuous_space_has_no_positions(self):
        assert MIXED.size is None
        for refused in (MIXED.enumerate, lambda: MIXED.configuration_at(0), lambda: MIXED.index_of(MIXED.default())):
            with pytest.raises(ConfigurationError, match=r"^lr: .* is continuous"):
                refused()


def test_all_that_a_space_gives_out_are_configurations():
    given_out = [
        FINITE.default(),
        FINITE.complete({"b": 3}),
        FINITE.replace(FINITE.default(), "b", 3),
        FINITE.configuration_at(4),
        *FINITE.from_unit(np.full((2, 3), 0.5)),
        *FINITE.decode(np.full((2, 5), 0.5)),
        *FINITE.assemble({"a": ["x"], "b": [3], "c": [0.5]}, 1),
        *FINITE.enumerate(),
        *ConfigurationTable(FINITE, np.array([0, 4])),
        *SearchSpace({}).from_unit(np.zeros((2, 0))),
    ]
    assert {type(each) for each in given_out} == {Configuration}


def test_any_mapping_is_taken_for_a_configuration():
    mapping = MappingProxyType(dict(FINITE.default()))
    assert FINITE.key(mapping) == ("x", 3, 0.5)
    assert FINITE.contains(mapping)
    assert FINITE.index_of(mapping) == 1
    assert np.array_equal(FINITE.encode([mapping]), FINITE.encode([FINITE.default()]))
    assert ConfigurationTable.of(FINITE, [mapping]).index_of(mapping) == 0


def test_spaces_are_equal_if_names_order_entries_and_fixed_values_are():
    assert SearchSpace({"a": 1, "b": uniform(0, 1)}) == SearchSpace({"a": 1, "b": uniform(0.0, 1.0)})
    assert SearchSpace({"a": 1, "b": 2}) != SearchSpace({"b": 2, "a": 1})
    assert SearchSpace({"a": 1}) != SearchSpace({"a": True}) != SearchSpace({"a": 1.0})
    assert SearchSpace({"a": 1}) != {"a": 1}
    assert len({FINITE, copy.copy(FINITE), FINITE.fix({"a": "x"})}) == 2


def test_a_space_travels_between_processes():
    space = MIXED.fix({"act": "relu"})
    space.default()
    copied = pickle.loads(pickle.dumps(space))
    assert copied == space
    assert hash(copied) == hash(space)
    assert copied.from_unit(np.full((1, 5), 0.3)) == space.from_unit(np.full((1, 5), 0.3))


def test_a_space_does_not_change_with_the_mapping_it_came_from():
    entries = {"a": choice(["x", "y"])}
    space = SearchSpace(entries)
    entries["b"] = ordinal([1, 2])
    assert space.names == ("a",)
    with pytest.raises(TypeError):
        space.fixed["a"] = "x"


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("x", (1, 2), "For a choice of its parts write the list [1, 2], for all numbers between them randint(1, 2)."),
        ("x", [], "x: choice([]): there must be at least one category."),
        ("x", "uniform(0, 1)", "Use SearchSpace.parse to read domains from text."),
        ("x", float("nan"), "x=nan is neither a domain nor a constant."),
        ("x", object, "is neither a domain nor a constant."),
        (3, 1, "3 cannot be a name in a search space: use text."),
    ],
)
def test_entries_that_make_no_sense_are_refused(name, entry, message):
    with pytest.raises(ConfigurationError) as caught:
        SearchSpace({name: entry})
    assert message in str(caught.value)


@pytest.mark.parametrize(("constant", "other"), [(1, True), (False, 0), (1, np.array([1, 2])), (1, [1]), (None, False)])
def test_a_constant_has_its_value_and_no_other_that_python_calls_equal(constant, other):
    space = SearchSpace({"n": constant, "x": uniform(0.0, 1.0)})
    assert not space.contains({"n": other, "x": 0.5})
    with pytest.raises(ConfigurationError, match=r"cannot be chosen: it is .* in every configuration of this space"):
        space.complete({"n": other})
    assert space.contains({"n": constant, "x": 0.5})
