"""Reports in what a script prints."""

import json

import pytest
from hypothesis import given, settings, strategies as st

from tunekit_core.portable.printed_reports import PrintedReports

EPOCHS = {"loss": r"val_loss: ([0-9.e+-]+|nan)", "epoch": r"Epoch (\d+)/", "accuracy": r"acc=(\S+)"}
NEEDED = ("loss", "epoch")


def reports(text, patterns=(), needed=NEEDED):
    reader = PrintedReports(dict(patterns), needed)
    return metrics([*reader.read(text.encode()), *reader.read_rest()])


def metrics(lines):
    found = [json.loads(line) for line in lines]
    return [{name: value for name, value in each.items() if name != "st_worker_timestamp"} for each in found]


def test_a_line_of_the_reporter_is_a_report_wherever_it_begins():
    text = (
        'begun\n[tunekit-report] {"epoch": 1, "loss": 0.5}\n 50%|\r[tunekit-report] {"epoch": 2}\nI [tunekit-report]{}'
    )
    assert reports(text) == [{"epoch": 1, "loss": 0.5}, {"epoch": 2}, {}]


def test_what_was_to_be_a_report_is_passed_on_as_it_is():
    reader = PrintedReports({}, NEEDED)
    assert reader.read(b"[tunekit-report] loss=0.5\n[tunekit-report] [1]\n") == [b"loss=0.5", b"[1]"]


def test_a_time_that_a_report_has_stays():
    reader = PrintedReports({}, NEEDED)
    (line,) = reader.read(b'[tunekit-report] {"loss": 1, "st_worker_timestamp": 5.0}\n')
    assert json.loads(line) == {"loss": 1, "st_worker_timestamp": 5.0}


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("Epoch 1/3 acc=0.5 val_loss: 2\n", [{"loss": 2, "epoch": 1, "accuracy": 0.5}]),
        ("Epoch 1/3\nacc=0.5\nval_loss: 1e-3\n", [{"loss": 0.001, "epoch": 1, "accuracy": 0.5}]),
        ("val_loss: 2\nEpoch 1/3 done\n", [{"loss": 2, "epoch": 1}]),
        ("Epoch 1/3\nval_loss: 2\nval_loss: 1\nEpoch 2/3\n", [{"loss": 2, "epoch": 1}, {"loss": 1, "epoch": 2}]),
        ("Epoch 1/3\nEpoch 2/3\nval_loss: 3\n", [{"loss": 3, "epoch": 2}]),
        ("\x1b[1mEpoch\x1b[0m 1/3 \x1b[31mval_loss: 2\x1b[0m\n", [{"loss": 2, "epoch": 1}]),
        ("\rEpoch 1/3\rval_loss: 2", [{"loss": 2, "epoch": 1}]),
        ("Epoch 1/3 acc=high val_loss: 2\n", [{"loss": 2, "epoch": 1, "accuracy": "high"}]),
        ("val_loss: 2\nval_loss: 1\n", []),
        ("", []),
    ],
)
def test_a_report_is_made_once_all_that_it_needs_was_found(printed, found):
    assert reports(printed, EPOCHS) == found


def test_without_a_resource_each_value_is_a_report():
    assert reports("loss 3\nloss 2\n", {"loss": "loss (.)"}, ("loss",)) == [{"loss": 3}, {"loss": 2}]


def test_a_pattern_without_a_group_gives_all_that_it_matches():
    assert reports("  0.25\n", {"loss": r"\d\.\d+"}, ("loss",)) == [{"loss": 0.25}]


def test_not_a_number_is_a_number():
    (line,) = PrintedReports({"loss": "loss (.*)"}, ("loss",)).read(b"loss nan\n")
    assert b'"loss": NaN' in line


def test_lines_without_an_end_are_cut_and_what_follows_is_read():
    reader = PrintedReports({}, NEEDED)
    for _ in range(40):
        assert reader.read(b"x" * (1 << 16)) == []
    assert metrics(reader.read(b'\n[tunekit-report] {"loss": 1}\n')) == [{"loss": 1}]


def test_of_a_long_line_the_beginning_is_searched():
    line = "x" * 9_980 + "val_loss: 3" + "x" * 100_000 + "Epoch 1/"
    assert reports(line, {"loss": EPOCHS["loss"]}, ("loss",)) == [{"loss": 3}]
    assert reports(line, EPOCHS) == []


pieces = st.sampled_from(
    [
        "[tunekit-report]",
        ' {"loss": 1, "epoch": 2}',
        "\n",
        "\r",
        "Epoch 3/",
        "val_loss: 4",
        " ",
        "é",
        "\x1b[1m",
        "{",
        "x",
    ]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(pieces, max_size=30).map("".join), st.data())
def test_it_does_not_matter_in_which_pieces_it_comes(text, data):
    written = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=5)))
    reader = PrintedReports(EPOCHS, NEEDED)
    lines = []
    for begin, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        lines += reader.read(written[begin:end])
    lines += reader.read_rest()
    whole = PrintedReports(EPOCHS, NEEDED)
    expected = [*whole.read(written), *whole.read_rest()]
    assert [without_time(line) for line in lines] == [without_time(line) for line in expected]


def without_time(line):
    try:
        report = json.loads(line)
    except ValueError:
        return line
    return {name: value for name, value in report.items() if name != "st_worker_timestamp"}
