"""Makes the picture of a report's page in docs/how-to/compare-methods.md again, by the commands that stand there.

Type ``python docs/draw_report_page.py``. It takes minutes, and needs Chromium with its driver, and Selenium. With the
path of a report it takes that one.
"""

from __future__ import annotations

import base64
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver

DOCS = Path(__file__).parent
PAGE = DOCS / "how-to" / "compare-methods.md"
PICTURE = DOCS / "pictures" / "report-page.png"
COMMANDS = ("python -m tunekit --multirun ", "python -m tunekit report results/compared html=")
WIDTH, HEIGHT = 1000, 1000  # pixels: all columns of the table of pairs, the verdict among them
SECTION = "benchmark"  # what is shown: curves, and the tables below them
N_COLOURS = 128  # a small file, in which lines keep their colours
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")


def report(folder: Path) -> Path:
    """The report that the commands of the page make."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for beginning in COMMANDS:
        command = next(line for line in lines if line.startswith(beginning))
        subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=folder, check=True)
    return folder / "report.html"


def photograph(page: Path, picture: Path) -> None:
    """What a browser shows of a part of a page."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(page.resolve().as_uri())
        box = browser.execute_script(f"return document.getElementById('{SECTION}').getBoundingClientRect().toJSON()")
        clip = {name: box[name] for name in ("x", "y", "width", "height")} | {"scale": 1}
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        picture.write_bytes(base64.b64decode(shot["data"]))
    finally:
        browser.quit()


def main(given: list[str]) -> None:
    """Make the picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(given[0]) if given else report(Path(folder))
        picture = Path(folder) / "page.png"
        photograph(page, picture)
        with Image.open(picture) as image:
            reduced = image.convert("RGB").quantize(N_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            reduced.save(PICTURE, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
