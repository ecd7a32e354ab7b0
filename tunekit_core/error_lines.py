"""Finds the line that tells what failed at the end of what a program wrote as errors."""

from __future__ import annotations

import re

# What runtimes add after the line that tells what failed.
ADDED = re.compile(
    r"""
    [\W_]*                                                       # a rule, brackets, blanks
    | Execution\ halted | Calls:\ .*                             # R
    | Node\.js\ v\d.* | \s+at\ .* | \s*\.{3}\ \d+\ more          # Node, Java
    | in\ expression\ starting\ at\ .* | Stacktrace: | \s*\[\d+\]\ .* | \s+@\ .*  # Julia
    | \s+from\ .*:\d+:in\ .*                                     # Ruby
    | BEGIN\ failed--.* | Compilation\ failed\ in\ require.*     # Perl
    | note:\ run\ with\ `RUST_BACKTRACE.*
    | exit\ status\ \d+                                          # Go
    | make(\[\d+\])?:\ \*\*\*\ .* | Aborted(\ \(core\ dumped\))?
    | Set\ the\ environment\ variable\ HYDRA_FULL_ERROR=1.*
    | Compile\ with\ `TORCH_USE_CUDA_DSA`.* | For\ debugging\ consider\ passing\ CUDA_LAUNCH_BLOCKING.*
    | .*\bresource_tracker:\ .* | \s+warnings\.warn\(.*          # Python, as it ends
    """,
    re.VERBOSE,
)
WARNINGS_OF_R = re.compile(r"In addition: (There were|Warning message).*")


def telling_lines(text: str) -> list[str]:
    r"""The lines of a text that are not blank, without what runtimes add after the line that tells what failed.

    >>> telling_lines("it ended with exit status 1.\nError in f() : no data\nCalls: f\nExecution halted")
    ['it ended with exit status 1.', 'Error in f() : no data']
    """
    lines = [line for line in text.splitlines() if line.strip()]
    end = len(lines)
    while end > 1 and ADDED.fullmatch(lines[end - 1].rstrip()):
        end -= 1
    # R tells of warnings after the error.
    warned = [n for n in range(1, end) if WARNINGS_OF_R.fullmatch(lines[n].strip())]
    kept = lines[: warned[-1]] if len(warned) > 0 and warned[-1] > 1 else lines[:end]
    return [line.strip() for line in (kept if len(kept) > 1 else lines)]
