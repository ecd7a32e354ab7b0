"""What every installed plugin of tunekit must keep to: its API, and how its components declare their options."""

from __future__ import annotations

import importlib.metadata
import json
import re

import pytest

from tunekit_core.plugins import hookspecs
from tunekit_core.plugins.options import check_option
from tunekit_core.plugins.registry import registry

PLUGINS = sorted(importlib.metadata.entry_points(group=hookspecs.PROJECT), key=lambda entry: entry.name)
COMPONENTS = [pytest.param(component, id=".".join(key)) for key, component in registry().components.items()]


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda entry: entry.name)
def test_a_plugin_states_the_api_that_it_was_written_for(plugin):
    assert plugin.load().API == hookspecs.API


def test_no_plugin_is_broken():
    assert registry().broken == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_default_is_a_value_that_its_option_takes_and_that_a_file_can_hold(component):
    optional = [option for option in component.options.values() if not option.required]
    for option in optional:
        written = json.loads(json.dumps(option.default))
        assert check_option(option.name, written, option.annotation) == option.default
    if len(optional) == len(component.options):
        component.read_options({})  # which compares them with their ranges, and with each other


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_and_each_of_its_options_say_what_they_are_in_sentences(component):
    texts = [component.summary, *(option.help for option in component.options.values())]
    assert [text for text in texts if not re.fullmatch(r"[A-Z`].*\.", text)] == []
