"""Arguments that say where a script writes, or where it goes on from."""

from __future__ import annotations

from pathlib import PurePath

from tunekit.init.arguments import Argument
from tunekit.init.names import PLACES, READ_THERE, RESUMES, WHOLE_PLACES, WRITTEN, words_of


def is_folder_of_trial(argument: Argument) -> bool:
    """Whether a script has to be told where to write, which is another place for each trial."""
    words = words_of(argument.name)
    said = set(words)
    if argument.kind != "text" or argument.is_list or argument.choices is not None or said & READ_THERE:
        return False
    is_file = isinstance(argument.default, str) and bool(PurePath(argument.default).suffix)
    is_place = is_file or bool(said & PLACES)
    return (len(words) == 1 and bool(said & WHOLE_PLACES)) or (is_place and bool(said & WRITTEN))


def is_checkpoint_to_resume(argument: Argument) -> bool:
    """Whether an argument names a checkpoint that training goes on from, and none by default."""
    said = set(words_of(argument.name))
    is_place = bool(said & {"dir", "directory", "folder"}) and not said & {"resume", "restore"}
    return argument.kind == "text" and not argument.default and bool(said & RESUMES) and not is_place
