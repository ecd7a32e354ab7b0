"""Makes the pictures of README, gallery and figures again, each by what stands before it on its page.

Type ``python docs/draw_pictures.py``, or name some of the pictures. It takes minutes: whole sweeps are run, in a
temporary folder. A picture is the last PNG that its commands made, with fewer points and colours, so that the
repository stays small.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
from PIL import Image, PngImagePlugin

DOCS = Path(__file__).parent
PAGES = (DOCS.parent / "README.md", DOCS / "gallery.md", DOCS / "how-to" / "draw-figures.md")
PART = re.compile(
    r"^```(?P<language>bash|python)\n(?P<text>.*?)^```$|^!\[[^\]]*\]\((?P<picture>[^)]*\.png)\)$|^## ",
    re.MULTILINE | re.DOTALL,
)
SCALE = 0.75
WIDEST = 1260  # pixels
N_COLOURS = 64


@attrs.frozen
class Picture:
    """A picture and what makes it: pairs of a language and a text, in order."""

    path: Path
    blocks: tuple[tuple[str, str], ...]


def pictures() -> Iterator[Picture]:
    """The pictures of all pages. What makes one stands in its section, after the picture before it."""
    for page in PAGES:
        blocks: list[tuple[str, str]] = []
        for part in PART.finditer(page.read_text(encoding="utf-8")):
            if part["language"]:
                blocks.append((part["language"], part["text"]))
                continue
            if part["picture"]:
                yield Picture((page.parent / part["picture"]).resolve(), tuple(blocks))
            blocks = []


def draw(picture: Picture) -> None:
    """Run what makes a picture, and keep what it made."""
    with tempfile.TemporaryDirectory() as folder:
        for language, text in picture.blocks:
            if language == "python":
                subprocess.run([sys.executable, "-c", text], cwd=folder, check=True)
            else:
                for line in text.splitlines():
                    subprocess.run([sys.executable, *shlex.split(line)[1:]], cwd=folder, check=True)
        keep(max(Path(folder).rglob("*.png"), key=lambda file: file.stat().st_mtime_ns), picture.path)


def keep(made: Path, path: Path) -> None:
    """Copy a picture, smaller, and with the digest of its data if it has one."""
    with Image.open(made) as image:
        about = PngImagePlugin.PngInfo()
        about.add_text("Description", image.info.get("Description", ""))
        scale = min(SCALE, WIDEST / image.width)
        size = (round(scale * image.width), round(scale * image.height))
        reduced = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        reduced = reduced.quantize(N_COLOURS, dither=Image.Dither.NONE)
        reduced.save(path, optimize=True, pnginfo=about)


def main(names: list[str]) -> int:
    """Draw the pictures of these names, or all; the exit status."""
    known = {picture.path.name: picture for picture in pictures()}
    if unknown := set(names) - set(known):
        print(f"No such picture: {', '.join(sorted(unknown))}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    for name in names or known:
        draw(known[name])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
