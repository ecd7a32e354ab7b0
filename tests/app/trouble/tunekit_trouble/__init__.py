"""A third-party plugin for the tests: random search that waits, breaks or dies when told to."""

from tunekit_core import hookimpl


@hookimpl
def tunekit_register_searchers():
    from tunekit_trouble.searcher import Trouble

    return [Trouble]


@hookimpl
def tunekit_config_packages():
    return ["tunekit_trouble.conf"]
