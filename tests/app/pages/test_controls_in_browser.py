"""The page of an experiment that runs, in a real browser: what is clicked there is asked, and the answer is shown."""

import time

import pytest

from tests.app.pages.test_in_browser import find, wide
from tunekit.watch.server import serving

ENDS = [
    {"word": "stopping.max_wallclock_time", "value": "600", "unit": "s"},
    {"word": "stopping.max_cost", "value": "3", "unit": ""},
]
NASTY = "</script><img src=x onerror=window.ran=1>"
FIELDS = [
    {"name": NASTY, "domain": NASTY, "default": NASTY},
    {"name": "lr", "domain": "uniform(0, 1)", "default": "0.5"},
]


def state(*, is_held=False, ends=ENDS, title="ASHA on toy"):
    controls = {"is_held": is_held, "ends": ends, "hyperparameters": FIELDS}
    return {"title": title, "status": "running", "sections": [], "controls": controls}


class Steered:
    """Takes what the page asks, as the command does, and answers."""

    def __init__(self):
        self.asked = []
        self.told = {"is_done": True, "text": "It is done."}

    def __call__(self, asked):
        self.asked.append((asked["kind"], asked["values"]))
        return self.told


@pytest.fixture
def steered():
    return Steered()


@pytest.fixture
def page(browser, steered):
    wide(browser)
    browser.get_log("browser")
    with serving(0, steered) as server:
        server.show(state())
        browser.get(server.address)
        until(lambda: browser.execute_script("return !document.getElementById('steer').hidden"))
        browser.server = server
        yield browser
    browser.get("about:blank")


def until(happens):
    deadline = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answer(page):
    until(lambda: not find(page, "#answer").text.startswith("It is asked"))
    return find(page, "#answer").text


def test_it_is_paused_and_told_to_continue(page, steered):
    find(page, "#hold").click()
    assert answer(page) == "It is done."
    page.server.show(state(is_held=True))
    until(lambda: find(page, "#hold").text == "Continue")
    find(page, "#hold").click()
    until(lambda: len(steered.asked) == 2)
    assert steered.asked == [("pause", []), ("continue", [])]


def test_it_is_stopped_by_a_second_click_alone(page, steered):
    find(page, "#stop").click()
    assert steered.asked == []
    find(page, "#do-not-stop").click()
    assert not find(page, "#stopping").is_displayed()
    find(page, "#stop").click()
    find(page, "#really-stop").click()
    assert answer(page) == "It is done."
    assert steered.asked == [("stop", [])]


def test_only_the_end_that_is_changed_is_asked_for(page, steered):
    find(page, "#extend summary").click()
    find(page, "#extend button").click()
    assert answer(page) == "Nothing is asked for yet: type another value."
    field = find(page, "#extend input")
    field.clear()
    field.send_keys("720\ue007")
    assert answer(page) == "It is done."
    assert steered.asked == [("extend", ["stopping.max_wallclock_time=720"])]


def test_a_trial_is_proposed_and_a_refusal_shown_as_text(page, steered):
    steered.told = {"is_done": False, "text": NASTY}
    find(page, "#try summary").click()
    fields = page.find_elements("css selector", "#try input")
    fields[0].send_keys("a=b c")
    page.server.show(state(title="refreshed"))
    until(lambda: page.title == "refreshed")
    assert fields[0].get_attribute("value") == "a=b c"  # what is typed stays
    find(page, "#try button").click()
    assert answer(page) == NASTY
    assert find(page, "#answer").get_attribute("class") == "refused"
    assert steered.asked == [("try", [f"{NASTY}=a=b c"])]
    assert page.execute_script("return [window.ran || 0, document.images.length]") == [0, 0]
    assert page.get_log("browser") == []


def test_where_the_end_is_an_argument_that_is_said_and_what_is_over_has_no_controls(page):
    page.server.show(state(ends=None))
    find(page, "#extend summary").click()
    until(lambda: "argument of the call" in find(page, "#extend").text)
    page.server.show({**state(title="over"), "controls": None})
    until(lambda: page.title == "over")
    assert not find(page, "#steer").is_displayed()


def test_every_field_has_a_name_and_no_phone_has_to_be_scrolled_across(page):
    wide(page, 375)
    page.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    find(page, "#stop").click()
    assert page.execute_script("return document.documentElement.scrollWidth") <= 375
    assert (
        page.execute_script("return [...document.querySelectorAll('input')].filter(i => !i.labels.length).length") == 0
    )
