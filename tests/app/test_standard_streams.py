"""Standard output that is closed or full, as of a job that nobody watches or on a full disk."""

import os
import subprocess
import sys

import pytest

RUN = ("method=RS", "stopping.max_num_evaluations=20")
FULL = "/dev/full"


def typed(*words, shell_ends):
    command = [sys.executable, "-m", "tunekit", *words]
    return subprocess.run(
        ["sh", "-c", f'"$@" {shell_ends}', "sh", *command], capture_output=True, text=True, env=dict(os.environ)
    )


@pytest.mark.skipif(not os.path.exists(FULL), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [("plugins",), ("--help",), RUN], ids=["plugins", "help", "run"])
def test_a_full_standard_output_is_told_in_one_line(results, words):
    ended = typed(*words, shell_ends=f">{FULL}")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "Standard output takes no more: No space left on device." in ended.stderr.splitlines()[-1]
    if words == RUN:
        assert len(results.folders()) == 1


@pytest.mark.parametrize("shell_ends", [">&-", ">&- 2>&-"])
def test_where_a_stream_is_closed_a_run_is_run(results, shell_ends):
    ended = typed(*RUN, shell_ends=shell_ends)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)
    assert len(results.folders()) == 1
