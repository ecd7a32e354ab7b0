"""What users tell of an experiment must not make its metadata unreadable."""

import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.records.metadata_fields import check_given


@pytest.mark.parametrize("entry", [{"config": "my.yaml"}, {"cost": 3}, {"versions": {"torch": 2}}, {"time": "now"}])
def test_a_name_with_a_meaning_takes_what_it_means(entry):
    (name,) = entry
    with pytest.raises(ConfigurationError, match=f"metadata: {name}="):
        check_given(entry)


def test_other_names_are_free():
    check_given({"notes": object(), "config": {"mine": 1}, "tags": {"a": 1}})
