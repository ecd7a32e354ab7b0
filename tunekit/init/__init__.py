"""Reads a script without running it, and proposes how to tune it."""

from tunekit.init.reading import ScriptFound, read_script
from tunekit.init.writing import Written, write_options

__all__ = ["ScriptFound", "Written", "read_script", "write_options"]
