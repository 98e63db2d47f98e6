"""What appears on a terminal: answers on stdout, everything said to people about the work on stderr.

Texts of the ledger are never read as markup. Colours follow NO_COLOR and whether there is a terminal.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH_OF_FILES: Final = 120
"""How wide a page is laid out when it goes into a file or a pipe."""


def to_answer() -> "Console":
    """Give the screen for answers: stdout."""
    return on(sys.stdout)


def to_people() -> "Console":
    """Give the screen for progress and errors: stderr."""
    return on(sys.stderr)


def on(stream: Any) -> "Console":
    """Give a screen that writes to *stream*."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            # rich would exit here, as if something had failed.
            raise BrokenPipeError

    wide = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_OF_FILES
    return Screen(file=stream, markup=False, emoji=False, highlight=False, width=wide)


def say(text: str) -> None:
    """Answer with a text, as it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell people what happens."""
    to_people().print(text, soft_wrap=True)


def as_json(value: Any) -> str:
    """Write a value for programs."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def table(*columns: str, title: str | None = None) -> "Table":
    """Begin a table. A column that begins with `>` holds numbers, one that begins with `!` is never folded."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for name in columns:
        whole = name.startswith((">", "!"))
        made.add_column(
            name.lstrip(">!"), justify="right" if name.startswith(">") else "left", no_wrap=whole, overflow="fold"
        )
    return made


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on stderr, if that is a terminal, that work goes on and for how long."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    screen = to_people()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        bar.add_task(what, total=None)
        yield


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show work in several stages; gives a function that takes (what, done, total)."""
    with progress("") as come:
        yield lambda what, done, total: come(done, total, what)


@contextmanager
def progress(what: str) -> Iterator[Callable[..., None]]:
    """Show how far the work has come, on stderr; gives a function that takes (done, total)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=to_people())
    task = bar.add_task(what, total=None)

    def come(done: int, total: int, stage: str | None = None) -> None:
        bar.start()  # only now: what is refused before the work begins needs no bar
        bar.update(task, completed=done, total=total, description=stage or what)

    try:
        yield come
    finally:
        if bar.live.is_started:
            bar.stop()
