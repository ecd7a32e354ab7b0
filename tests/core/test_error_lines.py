"""Which line of the errors of a program tells what failed."""

import pytest

from tunekit_core.error_lines import telling_lines


@pytest.mark.parametrize(
    "added",
    [
        "Execution halted",
        "Calls: main -> train\nExecution halted",
        "In addition: Warning message:\nIn f() : careful \nExecution halted",
        "    at Object.<anonymous> (/x/train.js:1:7)\n    at node:internal/main:28:49\n\nNode.js v18.19.0",
        "Stacktrace:\n [1] error(s::String)\n   @ Base ./error.jl:35\nin expression starting at /x/train.jl:1",
        "\tat Main.main(Main.java:3)\n\t... 12 more",
        "\tfrom train.rb:2:in `<main>'",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "exit status 2",
        "make: *** [Makefile:2: train] Error 1",
        "Aborted (core dumped)",
        "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.",
        "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n",
        "============================================================",
        "BEGIN failed--compilation aborted at train.pl line 1.",
    ],
)
def test_what_a_runtime_adds_at_the_end_is_not_what_failed(added):
    lines = telling_lines(f"it ended with exit status 1. The end of 0/stderr.log:\nWarning\nno data\n{added}")
    assert lines == ["it ended with exit status 1. The end of 0/stderr.log:", "Warning", "no data"]


def test_where_nothing_else_is_there_it_is_told():
    assert telling_lines("it ended with exit status 1.\nExecution halted\n") == [
        "it ended with exit status 1.",
        "Execution halted",
    ]
    assert telling_lines("") == []
