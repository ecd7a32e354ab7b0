"""What is watched is shown until it is over: drawn in place in a terminal, as lines elsewhere."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any, NoReturn, Protocol, TypeVar

from rich.console import Console
from rich.text import Text

from tunekit.live.terminal_view import TerminalView, write_lines
from tunekit.watch.page_state import state_of
from tunekit.watch.server import LiveServer
from tunekit_core.errors import RecordError

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_LINES = 10.0  # where there is no terminal


class Picture(Protocol):
    """What is watched, at one moment."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is to be waited for any more."""
        ...

    def lay_out(self, width: int, height: int) -> list[Text]:
        """It in the lines of a window of so many characters and lines."""
        ...

    def line(self) -> str:
        """It in one line."""
        ...


PictureT = TypeVar("PictureT", bound=Picture, covariant=True)


class Watched(Protocol[PictureT]):
    """Experiments that are watched."""

    def look(self) -> PictureT:
        """What they are now; fast where nothing has changed."""
        ...


def show_until_it_is_over(watched: Watched[PictureT], console: Console) -> PictureT:
    """Show it, and look again each second.

    Args:
        watched: What is shown.
        console: Where. However this is left, a terminal is clean afterwards.

    Returns:
        How it was at the last look, which is not shown any more.

    Raises:
        RecordError: If it is not there any more.
    """
    picture = watched.look()
    if console.is_terminal and console.is_interactive:
        with closing(TerminalView(console)) as view:
            while not picture.is_over:
                view.draw([], picture.lay_out)
                time.sleep(SECONDS_BETWEEN_LOOKS)
                picture = watched.look()
        return picture
    written = -SECONDS_BETWEEN_LINES
    while not picture.is_over:
        if time.monotonic() - written >= SECONDS_BETWEEN_LINES:
            written = time.monotonic()
            write_lines(console.file, [picture.line()])
        time.sleep(SECONDS_BETWEEN_LOOKS)
        picture = watched.look()
    return picture


def show_on_page(watched: Watched[PictureT], server: LiveServer) -> NoReturn:
    """Show it on a page, and look again each second, also when it is over: only an interruption ends that.

    Args:
        watched: What is shown: an experiment or a study.
        server: What answers with the page.
    """
    picture: Any = None
    while True:
        try:
            picture = watched.look()
            server.show(state_of(picture))
        except RecordError as error:  # it is gone, or cannot be read just now
            before = {"title": "", "sections": []} if picture is None else state_of(picture)
            server.show({**before, "status": str(error), "controls": None})
        time.sleep(SECONDS_BETWEEN_LOOKS)


def show_once(picture: Picture, console: Console, height: int) -> None:
    """Write it as it is now.

    Args:
        picture: What is written.
        console: Where to.
        height: Lines that it may take: what does not fit is only counted.
    """
    for line in picture.lay_out(console.width, height):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)
