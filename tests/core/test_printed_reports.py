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


def loss_in(printed, pattern):
    """What a single line comes to: the loss, what is wrong with it, or why there is none."""
    reader = PrintedReports({"loss": pattern}, ("loss",))
    found = metrics([*reader.read(printed if isinstance(printed, bytes) else printed.encode()), *reader.read_rest()])
    return next((each.get("loss", each.get("st_misread")) for each in found), None) if found else reader.unheard()


NUMBER, WORD = r"loss:? ([0-9.]+)", r"loss:? (\S+)"


@pytest.mark.parametrize(
    ("printed", "pattern", "part", "whole"),
    [
        ("loss 1.05e-06", NUMBER, "1.05", "1.05e-06"),
        ("loss 1.05D-06", NUMBER, "1.05", "1.05D-06"),
        ("loss 0.5123", r"loss (0\.\d)", "0.5", "0.5123"),
        ("loss 1.5", r"loss (\d+)", "1", "1.5"),
        ("loss: 0.43", "loss.*([0-9.]+)", "3", "0.43"),
        ("loss: -0.43", "loss.*?([0-9.]+)", "0.43", "-0.43"),
        ("loss 10.25", r"(\d\.\d+)", "0.25", "10.25"),
        ("loss 1e-05", "loss.*([0-9]+)", "5", "1e-05"),
        ("loss 1,234.5", NUMBER, "1", "1,234.5"),
        ("loss 0,43", NUMBER, "0", "0,43"),
        ("loss 1,250.5", "([0-9.]+)$", "250.5", "1,250.5"),
        ("loss 12.3K", NUMBER, "12.3", "12.3K"),
        ("loss 1.05e-06 acc 1", "loss ([0-9.]+).* acc", "1.05", "1.05e-06"),
        ("loss 1_000", NUMBER, "1", "1_000"),
        ("loss 0x1F", NUMBER, "0", "0x1F"),
        ("loss 1'234.5", NUMBER, "1", "1'234.5"),
    ],
)
def test_a_part_of_a_number_is_never_reported_and_it_is_said_of_which(printed, pattern, part, whole):
    told = loss_in(f"{printed}\n", pattern)
    whole, printed = (f'"{each}"' if "'" in each else f"'{each}'" for each in (whole, printed))
    assert told.startswith(f"benchmark.metrics.loss='{pattern}' matched '{part}' of {whole}, in the line {printed}.\n")


def test_blanks_that_group_thousands_are_of_the_number():
    assert "matched '1' of '1 234.5', in the line" in loss_in("loss 1\u00a0234.5\n", WORD)


@pytest.mark.parametrize(
    ("printed", "pattern", "found"),
    [
        ("loss: -0.43", "loss: -([0-9.]+)", 0.43),
        ("{'epoch': 1.0}", r"'epoch': (\d+)\.0", 1),
        ("3,250,0.43", r"^(\d+),", 3),
        ("3,250,0.43", r"^\d+,\d+,(\S+)", 0.43),
        ("3,0.43", r"^(\d+)", 3),
        ("3 234.5", r"^(\d+)", 3),  # columns, as far as anybody can tell
        ("Epoch 1/3", r"Epoch (\d+)", 1),
        ("loss 0.5-0.6", NUMBER, 0.5),
        ("loss 0.5s", NUMBER, 0.5),
        ("loss0.5", "loss([0-9.]+)", 0.5),
    ],
)
def test_what_a_pattern_says_itself_around_a_number_is_meant_so(printed, pattern, found):
    assert loss_in(f"{printed}\n", pattern) == found


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("1.05e-06", 1.05e-06),
        ("0.43,", 0.43),
        ("0.43]", 0.43),
        ("0.43.", 0.43),
        ("(0.43)", 0.43),
        ("93.2%", 93.2),
        ("-0.5;", -0.5),
        ("1,234.5", 1234.5),
        ("1,234,567", 1234567),
        ("inf,", float("inf")),
        ("-inf", float("-inf")),
        ("\x1b[31m0.43\x1b[0m", 0.43),
        (".5", 0.5),
        (".5e-3;", 0.0005),
        ("-.5;", -0.5),
        ("[-.5]", -0.5),
        ("np.float64(0.43)}", 0.43),
        ("tensor(-0.43,", -0.43),
        ("\x1b]0;title\x070.43", 0.43),
        ("0.43\b\b\b\b\r", 0.43),
        ("0.43\x00", 0.43),
    ],
)
def test_any_word_is_read_as_the_number_that_it_is(word, found):
    assert loss_in(f"loss: {word} acc 0.9\n", WORD) == found


def test_any_word_may_be_nan_which_is_reported():
    (line,) = PrintedReports({"loss": WORD}, ("loss",)).read(b"loss: nan, acc\n")
    assert b'"loss": NaN' in line


@pytest.mark.parametrize(
    "word", ["1,234", "0,43", "12.3K", "1/3", "f(0.43,", "1.5D-03", "0.5\N{REPLACEMENT CHARACTER}"]
)
def test_what_has_digits_and_is_no_number_is_said(word):
    told = loss_in(f"loss: {word} x\n", WORD)
    assert told.startswith(rf"benchmark.metrics.loss='loss:? (\S+)' matched '{word}', which is no number, in the line")


def test_after_a_number_that_was_misread_nothing_is_reported():
    reader = PrintedReports({"loss": NUMBER}, ("loss",))
    assert len(reader.read(b"loss 0.5\nloss 1e-06\nloss 0.25\nloss 1e-07\n")) == 2


def test_words_without_a_digit_are_skipped():
    assert reports("loss function: mse\nloss: N/A\nloss: 0.5\n", {"loss": WORD}, ("loss",)) == [{"loss": 0.5}]


def test_a_pattern_that_works_is_proposed():
    assert loss_in('{"loss":0.5,"epoch":1}\n', r'"loss":(\S+)').endswith("""='"loss":([^\\s,;]+)'""")
    assert loss_in("val_loss: 1e-06\n", "val_loss: ([0-9.]+)").endswith(
        "\nType benchmark.metrics.loss='val_loss: (\\S+)'"
    )


def unheard(printed, patterns, errors=b"", resource="epoch"):
    reader = PrintedReports(dict(patterns), NEEDED, resource)
    reader.read_errors(errors)
    assert [*reader.read(printed.encode()), *reader.read_rest()] == []
    return reader.unheard()


TWO = {"loss": r"val_loss: (\S+)", "epoch": r"Epoch (\d+)/"}


@pytest.mark.parametrize(
    ("printed", "errors", "why"),
    [
        (
            "Epoch 1/3\nvalidation loss: 0.43\n\n",
            b"",
            "no line that it printed matched benchmark.metrics.loss='val_loss: (\\S+)'.\n"
            "The last one: 'validation loss: 0.43'",
        ),
        (
            "epoch 1 val_loss: 0.43\n",
            b"",
            "no line that it printed matched benchmark.metrics.epoch='Epoch (\\d+)/'.\n"
            "The last one: 'epoch 1 val_loss: 0.43'. Without benchmark.resource=epoch reports are counted",
        ),
        (
            "loss 0.43",
            b"",
            "no line that it printed matched benchmark.metrics.loss='val_loss: (\\S+)' or "
            "benchmark.metrics.epoch='Epoch (\\d+)/'.\nThe last one: 'loss 0.43'",
        ),
        (
            "",
            b"",
            "it printed nothing, and so nothing that matches benchmark.metrics.loss='val_loss: (\\S+)' or "
            "benchmark.metrics.epoch='Epoch (\\d+)/'.\ndocs/how-to/report-metrics.md says how scripts report",
        ),
        (
            "Epoch 1/3\n",
            b"INFO val_loss: 0.43",
            "no line that it printed matched benchmark.metrics.loss='val_loss: (\\S+)'.\n"
            "A line of its standard error: 'INFO val_loss: 0.43'. The standard output alone is searched: begin the "
            'command with sh -c "exec \\"$@\\" 2>&1" -',
        ),
        (
            "Epoch 1/3\nval_loss: N/A\ndone\n",
            b"",
            "what it printed and benchmark.metrics.loss='val_loss: (\\S+)' matched was no number.\n"
            "The last one: 'val_loss: N/A'",
        ),
    ],
)
def test_a_run_without_a_report_says_which_pattern_matched_nothing_and_what_was_printed(printed, errors, why):
    assert unheard(printed, TWO, errors) == f"it ended without a report: {why}"


def test_a_pattern_that_would_have_matched_the_last_line_is_proposed():
    assert unheard("Epoch 1/3\nval_loss: nan\n", {**TWO, "loss": "val_loss: ([0-9.]+)"}).endswith(
        "\nThe last one: 'val_loss: nan'. It matches 'val_loss: (\\S+)'"
    )


def test_a_run_without_patterns_and_a_report_says_in_what_ways_it_could_report():
    assert unheard("val_loss: 0.5\n", {}) == (
        "it ended without a report: neither a call of Reporter nor a line '[tunekit-report]' was heard, and "
        "benchmark.metrics is empty.\ndocs/how-to/report-metrics.md says how scripts report"
    )
    assert unheard("", {}, b'[tunekit-report] {"loss": 1}\n').startswith(
        "it ended without a report: what begins with [tunekit-report] is on its standard error.\n"
    )


def test_what_is_said_of_a_run_without_a_report_is_short_whatever_it_printed():
    assert len(unheard("x\x00\x1b]é" * 9999, TWO)) < 600


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
