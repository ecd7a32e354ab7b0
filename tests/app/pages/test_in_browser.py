"""The page of a report in a real browser: what a reader clicks, types and sees. Skipped where there is none."""

import json
import time

import numpy as np
import pytest

from tests.app.pages.studies_to_show import NAMES, plain_study, study_of_axes
from tunekit import compare, write_report
from tunekit.figures.best_values import figure_of
from tunekit.watch.server import serving

ROWS = "return [...document.querySelectorAll(arguments[0] + ' tbody tr')].map(row => row.cells[0].textContent)"
READOUT = """return [...document.querySelectorAll('#curves .readout tr')].map(
  row => [...row.cells].map(cell => cell.textContent))"""


@pytest.fixture
def page(browser, plain_page):
    wide(browser)
    browser.get(plain_page.as_uri())
    return browser


def wide(browser, width=1200):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def medium(browser, media="", scheme="light"):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def find(browser, selector, text=""):
    found = browser.find_elements("css selector", selector)
    return next(each for each in found if text in each.text)


def wait_for(browser, selector):
    """What is filled when the browser tells that its place was opened, a moment later."""
    deadline = time.monotonic() + 10
    while not browser.find_elements("css selector", selector):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def choose(browser, selector, place):
    find(browser, f"{selector} option:nth-child({place + 1})").click()


def requested(browser):
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return [each["request"]["url"] for each in sent if not each["documentURL"].startswith("chrome:")]  # its first tab


def spread_at(problem, setup, time):
    (panel,) = (each for each in compare(plain_study()).panels if each.problem == problem)
    (method,) = (each for each in panel.methods if each.label == setup)
    return panel.spread(method, time)


@pytest.mark.parametrize("which", ["plain_page", "hostile_page"])
def test_a_page_says_nothing_to_the_console_and_asks_for_nothing_but_itself(browser, request, which):
    page = request.getfixturevalue(which)
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []
    assert requested(browser) == [page.as_uri()]


def test_names_that_would_do_something_are_text(browser, hostile_page):
    browser.get(hostile_page.as_uri())
    for place in range(len(NAMES)):
        choose(browser, "#choose-benchmark", place)
        browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.execute_script("return window.ran") is None
    assert (
        browser.execute_script("return document.querySelectorAll('img, iframe, a:not(nav a), svg[onload]').length") == 0
    )
    assert browser.execute_script("return document.scripts.length") == 2
    options = browser.execute_script(
        "return [...document.querySelectorAll('#choose-benchmark option')].map(o => o.text)"
    )
    assert any(NAMES[0] in option for option in options)
    assert "\u202e" not in browser.execute_script("return document.body.textContent")
    assert browser.get_log("browser") == []


def test_no_width_of_a_phone_has_to_be_scrolled_across(browser, plain_page, hostile_page):
    wide(browser, 375)
    for page in (plain_page, hostile_page):
        browser.get(page.as_uri())
        browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 375


BROKEN = """const found = [];
for (const cell of document.querySelectorAll('td')) {
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const tops = new Set([...range.getClientRects()].map(each => Math.round(each.top)));
    if (!/\\s/.test(cell.textContent) && tops.size > 1) found.push(cell.textContent);
  }
}
return found"""


@pytest.mark.parametrize("width", [375, 1200])
def test_names_are_not_broken_and_tables_scroll_in_their_own_box(browser, plain_page, width):
    wide(browser, width)
    browser.get(plain_page.as_uri())
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    wait_for(browser, "#all-runs tbody tr")
    assert browser.execute_script(BROKEN) == []
    wider = """return [...document.querySelectorAll('.scroll')].map(
      box => [box.scrollWidth > box.clientWidth, !box.previousSibling.hidden])"""
    time.sleep(0.1)  # until sizes are looked at
    found = browser.execute_script(wider)
    assert all(is_wider == is_told for is_wider, is_told in found)
    assert any(is_told for _, is_told in found) == (width < 500)


def test_on_the_page_of_what_runs_too(browser):
    wide(browser, 375)
    rows = [["MOBSTER", "fcnet-protein_structure", "seed/0", "metric_valid_loss 0.017105"]]
    section = {
        "heading": "Runs",
        "kind": "",
        "lines": [],
        "columns": ["setup", "benchmark", "run", "best"],
        "rows": rows,
    }
    with serving(0) as server:
        server.show({"title": "results", "status": "", "sections": [section]})
        browser.get(server.address)
        wait_for(browser, ".hint:not([hidden])")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 375
        assert browser.execute_script(BROKEN) == []


def test_a_table_sorts_by_a_click_and_by_a_key(page):
    assert page.execute_script(ROWS, "#values") == ["MOBSTER", "ASHA", "RS"]
    head = find(page, "#values th button", "setup")
    head.click()
    assert page.execute_script(ROWS, "#values") == ["ASHA", "MOBSTER", "RS"]
    assert find(page, "#values th").get_attribute("aria-sort") == "ascending"
    head.send_keys("\ue007")  # Enter
    assert page.execute_script(ROWS, "#values") == ["RS", "MOBSTER", "ASHA"]
    assert find(page, "#values th").get_attribute("aria-sort") == "descending"


def test_a_column_sorts_by_its_numbers_and_what_lacks_one_is_last(page):
    find(page, "#pairs th button", "from").click()
    times = page.execute_script(
        "return [...document.querySelectorAll('#pairs tbody tr')].map(row => row.cells[7].textContent)"
    )
    known = [float(text.removesuffix(" s")) for text in times if text]
    assert known == sorted(known)
    assert times[: len(known)] == [text for text in times if text]
    assert known


def test_the_hand_over_the_curves_reads_values(page):
    plot = find(page, "#curves svg.plot")
    page.execute_script("arguments[0].scrollIntoView()", plot)
    move = """const box = arguments[0].getBoundingClientRect();
    arguments[0].dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + 62 + (box.width - 74) / 2}))"""
    page.execute_script(move, plot)
    rows = page.execute_script(READOUT)
    assert [row[0] for row in rows] == ["MOBSTER", "ASHA", "RS"]
    spread = spread_at("nowhere-first", "ASHA", [50.0])
    assert find(page, "#curves .readout caption").text.startswith("Best loss at")
    assert float(rows[1][1]) == pytest.approx(spread.centre[0], abs=1e-4)
    low, high = map(float, rows[1][2].strip("[]").split(", "))
    assert low <= float(rows[1][1]) <= high


def test_ticks_of_a_linear_axis_have_equal_decimals(page):
    choose(page, "#choose-benchmark", 1)
    script = (
        "return [...document.querySelectorAll('#curves svg.plot text[text-anchor=end]')].map(text => text.textContent)"
    )
    *ticks, _ = page.execute_script(script)
    assert {len(tick.partition(".")[2]) for tick in ticks} == {1}
    assert "-1.0" in ticks or "-2.0" in ticks


def test_keys_move_through_time_and_the_last_value_is_that_of_the_table(page):
    at_the_end = page.execute_script(
        "return [...document.querySelectorAll('#values tbody tr')].map(row => row.cells[4].textContent)"
    )
    assert [" ".join(row[1:]) for row in page.execute_script(READOUT)] == at_the_end
    slider = find(page, "#curves input[type=range]")
    before = find(page, "#curves .readout caption").text
    slider.send_keys("\ue012" * 30)  # to the left
    assert find(page, "#curves .readout caption").text != before
    assert "ASHA" in slider.get_attribute("aria-valuetext")


def test_a_method_is_switched_off_everywhere_and_on_again(page):
    button = find(page, "#curves .legend button", "ASHA")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert [row[0] for row in page.execute_script(READOUT)] == ["MOBSTER", "RS"]
    assert len(page.find_elements("css selector", "#curves path.line")) == 2
    choose(page, "#choose-benchmark", 1)
    assert len(page.find_elements("css selector", "#curves path.line")) == 2
    find(page, "#curves .legend button", "ASHA").click()
    assert len(page.find_elements("css selector", "#curves path.line")) == 3


TICKS = """return [...document.querySelectorAll('#curves svg.plot line.grid')].map((line, i) => [
  Number(line.getAttribute('y1')),
  Number(document.querySelectorAll('#curves svg.plot text[text-anchor=end]')[i].textContent)])"""


def ends_of_axis(browser, scale):
    """The values at the lower and the upper end of the axis, by the places of its ticks."""
    ticks = np.array(browser.execute_script(TICKS))
    slope, start = np.polyfit(ticks[:, 0], scale(ticks[:, 1]), 1)
    return start + slope * np.array([292, 26])


def test_an_axis_ends_where_that_of_a_figure_does(browser, tmp_path):
    study = study_of_axes()
    comparison = compare(study)
    wide(browser)
    browser.get(write_report(comparison, study, tmp_path / "page.html").as_uri())
    seen = set()
    for place, panel in enumerate(comparison.panels):
        choose(browser, "#choose-benchmark", place)
        (axis,) = figure_of([panel]).axes
        scale = np.log10 if axis.get_yscale() == "log" else np.asarray
        assert find(browser, "#curves .switches label:nth-child(2) input").is_selected() == (scale is np.log10)
        length = np.ptp(scale(axis.get_ylim()))
        assert ends_of_axis(browser, scale) == pytest.approx(scale(axis.get_ylim()), abs=0.005 * length), panel.problem
        assert len(browser.execute_script(TICKS)) >= 4
        seen.add((axis.get_yscale(), panel.mode))
    assert seen == {("linear", "min"), ("linear", "max"), ("log", "min"), ("log", "max")}


def test_axes_can_be_logarithmic_where_values_allow_it(page):
    ticks = "return [...document.querySelectorAll('#curves .plot text[text-anchor=end]')].map(each => each.textContent)"
    value = find(page, "#curves .switches label:nth-child(2) input")
    assert value.is_selected()  # these losses fall by decades
    logarithmic = page.execute_script(ticks)
    value.click()
    assert page.execute_script(ticks) != logarithmic
    across = (
        "return [...document.querySelectorAll('#curves .plot text[text-anchor=middle]')].map(each => each.textContent)"
    )
    assert "20" in page.execute_script(across)
    find(page, "#curves .switches label:nth-child(1) input").click()
    assert {"5", "10", "50"} <= set(page.execute_script(across))
    choose(page, "#choose-benchmark", 1)
    assert not find(page, "#curves .switches label:nth-child(2) input").is_enabled()  # negative


def test_single_runs_are_drawn_when_asked_for(page):
    assert page.find_elements("css selector", "#curves path.runs") == []
    find(page, "#curves .switches label:nth-child(4) input").click()
    assert len(page.find_elements("css selector", "#curves path.runs")) == 3


def test_a_run_can_be_chosen(page):
    choose(page, "#choose-benchmark", 1)
    choose(page, "#choose-setup", 1)
    choose(page, "#choose-seed", 4)
    about = find(page, "#run dl").text
    assert "results/ASHA/second-4-0" in about
    assert "7 trials, 1 failed, 1,234 reports" in about
    assert "hash of second" in about
    assert page.execute_script(ROWS, "#run > div > .scroll") == ["lr"]
    curve = next(each for each in plain_study().experiments if each.name == "second-4-0" and each.method == "ASHA").best
    shown = page.execute_script(READOUT.replace("#curves", "#run"))
    assert dict((row[0], row[1]) for row in shown)["seed 4"] == f"{curve.values[-1]:.5g}"


def test_a_run_can_be_chosen_from_the_table_of_all(page):
    find(page, "#all-runs summary").click()
    wait_for(page, "#all-runs tbody tr")
    find(page, "#all-runs tbody tr:nth-child(20) button").click()
    row = find(page, "#all-runs tbody tr:nth-child(20)").text
    folder = find(page, "#run code").text
    assert folder in row
    assert find(page, "#choose-seed").get_attribute("value") == "7"


def test_verdicts_come_first_and_what_is_empty_has_no_word(page):
    kinds = page.execute_script("return [...document.getElementById('verdicts').children].map(each => each.tagName)")
    assert kinds[:3] == ["H2", "DETAILS", "DETAILS"]
    columns = find(page, "#setups thead").text
    caption = find(page, "#setups caption").text
    assert ("rank" in columns, "regret" in columns) == ("Ranks" in caption, "Regret" in caption)
    assert caption


def test_what_is_left_out_is_listed(page):
    assert "all trials failed" in find(page, "#left-out").text
    assert "1 experiment left out, failed" in find(page, "#checks").text


def test_the_page_is_dark_where_the_reader_has_it_so_and_light_on_paper(page):
    colour = "return getComputedStyle(document.body).backgroundColor"
    medium(page, scheme="dark")
    assert page.execute_script(colour) == "rgb(21, 24, 28)"
    medium(page, media="print", scheme="dark")
    assert page.execute_script(colour) == "rgb(255, 255, 255)"
    assert page.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"
    medium(page)


def test_headings_and_tables_have_names_that_are_read_out(page):
    unnamed = "return [...document.querySelectorAll('table')].filter(each => !each.caption.textContent).length"
    assert page.execute_script(unnamed) == 0
    assert [each.text for each in page.find_elements("css selector", "h1")] == [page.title]
    assert page.title == "Report of results: ASHA, MOBSTER and RS"
    labels = "return [...document.querySelectorAll('input, select')].filter(each => !each.labels.length).length"
    assert page.execute_script(labels) == 0
