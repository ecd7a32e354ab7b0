"""Pages made of studies, and a browser of this machine that opens them: started once, without a network."""

import importlib
import importlib.util
import os
import shutil

import pytest

from tests.app.pages.studies_to_show import HOSTILE, hostile_study, plain_study
from tunekit import compare, write_report

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
REQUIRED = "TUNEKIT_TESTS_NEED_BROWSER"  # a variable: without a browser tests fail, rather than be skipped
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def plain_page(tmp_path_factory):
    """The page of a study with two benchmarks, three methods, a failed run and a warning."""
    study = plain_study()
    return write_report(compare(study), study, tmp_path_factory.mktemp("plain") / "report.html")


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory):
    """The page of a study whose every name would do something in a page that trusted it."""
    study = hostile_study()
    folder = tmp_path_factory.mktemp("hostile")
    return write_report(compare(study), study, folder / "report.html", command=f"python {HOSTILE}")


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None or importlib.util.find_spec("selenium") is None:
        missing = "There is no Chromium, chromedriver or Selenium: apt-get install chromium chromium-driver"
        pytest.fail(missing) if os.environ.get(REQUIRED) else pytest.skip(missing)
    webdriver = importlib.import_module("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()
