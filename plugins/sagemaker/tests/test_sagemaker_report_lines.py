import json

import pytest
from hypothesis import given, settings, strategies as st

from tunekit_sagemaker.jobs.report_lines import LoggedEnd, LoggedReport, ReportLines


def line(seq, incarnation="ab12cd34", run=0, **metrics):
    return f"[tunekit-report] {json.dumps({'run': run, 'incarnation': incarnation, 'seq': seq, 'report': metrics})}"


def end(n_reports, incarnation="ab12cd34", exit_code=0, signal=None, asked=False):
    content = {"incarnation": incarnation, "seq": n_reports, "exit_code": exit_code, "signal": signal, "asked": asked}
    return f"[tunekit-end] {json.dumps(content)}"


def parts(seq, n_parts, incarnation="ab12cd34", **metrics):
    text = json.dumps(metrics)
    step = -(-len(text) // n_parts)
    names = {"run": 0, "incarnation": incarnation, "seq": seq}
    pieces = [text[begin : begin + step] for begin in range(0, len(text), step)]
    return [
        f"[tunekit-report] {json.dumps({**names, 'part': part, 'parts': len(pieces), 'text': piece})}"
        for part, piece in enumerate(pieces)
    ]


def fed(*messages, lines=None):
    lines = ReportLines() if lines is None else lines
    return [logged for message in messages for logged in lines.feed(message)]


def metrics_of(logged):
    return [each.metrics for each in logged if isinstance(each, LoggedReport)]


def test_a_line_is_a_report():
    assert fed(line(3, run=2, loss=0.5)) == [LoggedReport(2, "ab12cd34", 3, {"loss": 0.5})]


def test_the_end_says_how_it_ended():
    assert fed(end(4, exit_code=None, signal=15, asked=True)) == [LoggedEnd("ab12cd34", 4, None, 15, True)]


@pytest.mark.parametrize("before", ["", "50%|#####     |\r", "a [b] {c", '"{', "[tunekit-", "[tunekit-report]x"])
def test_something_else_may_come_before_it(before):
    assert metrics_of(fed(before + line(0, x=1))) == [{"x": 1}]


def test_several_lines_may_come_in_one_event():
    assert metrics_of(fed("x" + line(0, x=1) + line(1, x=2) + "\nend\n" + end(2))) == [{"x": 1}, {"x": 2}]


TEXT = 'é "quoted" {brace} \\ back \\" [not-a-tag]'


@pytest.mark.parametrize("position", range(len(line(0, text=TEXT)) + 1))
def test_a_line_may_be_cut_anywhere(position):
    text = line(0, text=TEXT)
    assert metrics_of(fed("before", text[:position], text[position:], line(1, x=1))) == [{"text": TEXT}, {"x": 1}]


def test_a_line_may_come_a_character_at_a_time():
    assert metrics_of(fed(*line(0, text=TEXT))) == [{"text": TEXT}]


@st.composite
def logs(draw):
    """Lines of a log, and the reports in them."""
    n_reports = draw(st.integers(0, 6))
    values = [draw(st.text('ab"\\{}[]é ', max_size=30)) for _ in range(n_reports)]
    found = []
    for seq, value in enumerate(values):
        found += draw(st.lists(st.text('ab"\\{}:] \r', max_size=20), max_size=2))
        found += parts(seq, draw(st.integers(2, 5)), x=value) if draw(st.booleans()) else [line(seq, x=value)]
    return [*found, end(n_reports)], values


@settings(deadline=None)
@given(logs(), st.data())
def test_any_split_into_events_gives_the_same_reports(log, data):
    written, values = log
    text = "\n".join(written)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    events = [text[begin:stop] for begin, stop in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    lines = ReportLines()
    logged = fed(*events, lines=lines)
    assert [each.metrics["x"] for each in logged[:-1]] == values
    assert logged[-1] == LoggedEnd("ab12cd34", len(values), 0, None, False)
    assert lines.is_complete()


@settings(deadline=None)
@given(logs(), st.data())
def test_what_is_repeated_is_told_once(log, data):
    written, values = log
    repeated = [each for message in written for each in [message] * data.draw(st.integers(1, 3))]
    assert metrics_of(fed(*repeated, *written)) == [{"x": value} for value in values]


@settings(deadline=None)
@given(logs(), st.data())
def test_what_is_lost_costs_no_other_report(log, data):
    written, _ = log
    lost = data.draw(st.integers(0, len(written) - 1))
    cut = data.draw(st.integers(0, len(written[lost])))
    others = fed(*written[:lost], *written[lost + 1 :])
    with_piece = fed(*written[:lost], written[lost][:cut], *written[lost + 1 :])
    assert [each for each in with_piece if each in others] == others


def test_a_line_that_never_ends_is_given_up_when_another_begins():
    assert metrics_of(fed('[tunekit-report] {"run": 0, "inc', "epoch 3", line(1, x=1))) == [{"x": 1}]


@pytest.mark.parametrize("position", range(20))
def test_a_line_that_is_cut_follows_one_that_never_ends(position):
    text = line(1, x=1)
    assert metrics_of(fed('[tunekit-report] {"run": 0, "inc', text[:position], text[position:])) == [{"x": 1}]


def test_what_begins_as_a_line_of_ours_does_not_grow_without_end():
    lines = ReportLines()
    fed('[tunekit-report] {"', *["x" * 100_000] * 12, lines=lines)
    assert len(lines.state()["text"]) < 16
    assert metrics_of(fed("y", line(0, x=1), lines=lines)) == [{"x": 1}]


def test_a_number_counts_for_its_incarnation():
    """A job that was interrupted is begun again with the same name, and counts from 0 again."""
    logged = fed(line(0, "aaaaaaaa", x=1), line(1, "aaaaaaaa", x=2), line(0, "bbbbbbbb", x=3))
    assert metrics_of(logged) == [{"x": 1}, {"x": 2}, {"x": 3}]


def test_what_is_no_report_is_told_as_such():
    content = {"run": 0, "incarnation": "ab12cd34", "seq": 0, "unreadable": "loss 5"}
    assert fed(f"[tunekit-report] {json.dumps(content)}") == [LoggedReport(0, "ab12cd34", 0, None, "loss 5")]


@pytest.mark.parametrize(
    "text",
    [
        "[tunekit-report] {}",
        "[tunekit-report] []",
        "[tunekit-report] nothing",
        '[tunekit-report] {"incarnation": 1}',
        '[tunekit-report] {"run": 0, "incarnation": "a", "seq": 0, "report": 5}',
        '[tunekit-report] {"run": 0, "incarnation": "a", "seq": 0, "part": 0, "parts": 1, "text": "5"}',
        '[tunekit-report] {"run": 0, "incarnation": "a", "seq": [], "report": {}}',
        "[tunekit-report] {'x': 1}",
        '[tunekit-end] {"seq": 3}',
        "[tunekit-end] {}",
    ],
)
def test_what_a_script_prints_like_a_line_of_ours_is_none(text):
    assert metrics_of(fed(text, line(0, x=1))) == [{"x": 1}]


def test_what_a_reporter_prints_itself_is_a_report():
    """In an image that is complete there is no bootstrap."""
    content = {"loss": 0.5, "st_worker_timestamp": 1700000000.25, "st_worker_time": 1.0, "st_worker_iter": 0}
    text = f"[tunekit-report] {json.dumps(content)}"
    assert fed(text, text) == [LoggedReport(None, "", 1700000000250000, content)]


def test_what_a_script_prints_without_a_time_is_a_report_once():
    texts = ['[tunekit-report] {"loss": 0.5}', '[tunekit-report] {"loss": 0.25}']
    assert metrics_of(fed(*texts, texts[0])) == [{"loss": 0.5}, {"loss": 0.25}]


def test_all_is_there_when_as_many_reports_came_as_the_end_says():
    lines = ReportLines()
    fed(line(0, x=1), end(2), lines=lines)
    assert not lines.is_complete()
    fed(line(1, x=2), lines=lines)
    assert lines.is_complete()


def test_what_was_told_is_not_told_again_by_another_process():
    lines = ReportLines()
    fed(line(0, x=1), line(2, x=3), lines=lines)
    again = ReportLines.restored(json.loads(json.dumps(lines.state())))
    assert metrics_of(fed(line(0, x=1), line(1, x=2), line(2, x=3), end(3), lines=again)) == [{"x": 2}]
    assert again.is_complete()


@settings(deadline=None)
@given(logs(), st.data())
def test_another_process_goes_on_anywhere(log, data):
    written, values = log
    text = "\n".join(written)
    cut = data.draw(st.integers(0, len(text)))
    lines = ReportLines()
    logged = fed(text[:cut], lines=lines)
    again = ReportLines.restored(json.loads(json.dumps(lines.state())))
    assert metrics_of([*logged, *fed(text[cut:], lines=again)]) == [{"x": value} for value in values]
