"""A list in a space is a choice of its elements, which may be lists themselves."""

import json

import numpy as np
import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import ConfigurationTable, SearchSpace, choice, ordinal

LAYERS = SearchSpace({"layers": [[64], [64, 32], []], "lr": [0.1, 0.01]})


@pytest.mark.parametrize("read", [SearchSpace, SearchSpace.parse])
@pytest.mark.parametrize("entry", [[16, 32, 64], np.array([16, 32, 64])])
def test_a_list_is_a_choice_of_its_elements(read, entry):
    assert read({"units": entry}) == SearchSpace({"units": choice([16, 32, 64])})


def test_lists_are_tuples_in_a_configuration_and_lists_in_json_and_text():
    assert LAYERS.default() == {"layers": (64,), "lr": 0.1}
    assert LAYERS.to_text()["layers"] == "choice([[64], [64, 32], []])"
    assert LAYERS.to_json()[0] == {"name": "layers", "domain": "choice", "categories": [[64], [64, 32], []]}
    assert json.dumps(LAYERS.complete({"layers": [64, 32]})) == '{"layers": [64, 32], "lr": 0.1}'


def test_text_and_json_give_lists_back():
    fixed = LAYERS.fix({"layers": [64, 32]})
    assert SearchSpace.parse(LAYERS.to_text()) == LAYERS
    assert SearchSpace.from_json(json.loads(json.dumps(fixed.to_json()))) == fixed


def test_lists_are_encoded_by_their_index_and_decoded_again():
    assert LAYERS.width == 4
    encoded = LAYERS.encode([{"layers": [], "lr": 0.1}])
    assert encoded.tolist() == [[0.0, 0.0, 1.0, 0.25]]
    assert LAYERS.decode(encoded) == [{"layers": (), "lr": 0.1}]


def test_a_list_is_found_by_its_parts_and_their_types():
    assert LAYERS.contains({"layers": [64.0, 32], "lr": 0.1})
    assert not choice([[1], [2]]).contains([True])
    assert not LAYERS.contains({"layers": [32, 64], "lr": 0.1})
    assert choice([[1]]) != choice([[1.0]])
    with pytest.raises(ConfigurationError, match=r"layers: \[9\] is not in .* allowed are \[64\], \[64, 32\], \[\]"):
        LAYERS.complete({"layers": [9]})


def test_all_configurations_of_lists_are_listed():
    assert [configuration["layers"] for configuration in LAYERS.enumerate()] == [(64,)] * 2 + [(64, 32)] * 2 + [()] * 2
    assert LAYERS.index_of({"layers": [64, 32], "lr": 0.01}) == 3
    table = ConfigurationTable.of(LAYERS, [{"layers": [64, 32], "lr": 0.01}])
    assert table.index_of(LAYERS.complete({"layers": [64, 32], "lr": 0.01})) == 0


def test_an_ordinal_of_lists_has_their_order():
    assert ordinal([[64], [64, 64], [64, 64, 64]]).default == (64, 64)


@pytest.mark.parametrize("category", [[[1]], [{"a": 1}], [float("nan")], [b"x"]])
def test_a_list_in_a_list_holds_what_a_category_may_be(category):
    with pytest.raises(ConfigurationError, match="cannot be a category"):
        SearchSpace({"layers": [category]})
