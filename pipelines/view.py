"""What people see of a run: tables that fit a terminal, and a file when there is none."""

from __future__ import annotations

import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pipelines.load import AccountResult


STYLES = {"ok": "green", "guarded": "yellow", "failed": "red"}
"""How what became of a resource is coloured, wherever it is shown."""


def console_for_people(width_in_a_pipe: int = 140) -> Console:
    """Standard output; wide enough for our tables where it is no terminal."""
    width = None if sys.stdout.isatty() else width_in_a_pipe
    return Console(soft_wrap=False, highlight=False, width=width)


def prose(console: Console, words: str | Text) -> None:
    """Sentences: broken between words on a terminal, never within a path; in a pipe a line is one line."""
    text = words if isinstance(words, Text) else Text(words)
    end = 0
    for line in _lines(text.plain, console.width) if console.is_terminal else text.plain.splitlines():
        begin = text.plain.index(line, end)
        end = begin + len(line)
        console.print(text[begin:end], soft_wrap=True)


def _lines(words: str, width: int) -> Iterator[str]:
    for line in words.splitlines():
        yield from textwrap.wrap(
            line,
            width,
            break_long_words=False,
            break_on_hyphens=False,
            expand_tabs=False,
            replace_whitespace=False,
        ) or [""]


def counted(number: int, noun: str) -> str:
    """How many of what."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def plain(value: object) -> str:
    """A value as people write it: a number without zeros behind its last digit."""
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return (text.rstrip("0").rstrip(".") or "0") if isinstance(value, Decimal) and "." in text else text


def typed() -> str:
    """The command as one types it here: by its name where the shell finds it, else by where it is."""
    ours = Path(sys.argv[0])
    found = shutil.which(ours.name)
    if not ours.is_file() or (found and Path(found).samefile(ours)):
        return "stocktake"
    return shlex.quote(str(near(ours.absolute())))


def near(path: Path) -> Path:
    """The path as one types it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def short_instant(moment: str | datetime | None) -> str:
    """An instant for people: minutes, UTC."""
    if moment is None:
        return "-"
    parsed = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    return parsed.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def summary_table(accounts: Iterable[AccountResult]) -> Table:
    """What a run read, a line per account and one per resource: 80 columns hold it."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    rows = [row for account in accounts for row in account.rows]
    widest = max((len(row["resource"]) for row in rows), default=0) + 2
    table.add_column("account, resource", min_width=widest, max_width=max(widest, 21), overflow="fold")
    table.add_column("asked", no_wrap=True)
    for heading in ("read", "new", "gone", "repaired"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("result", no_wrap=True)
    for account in sorted(accounts, key=lambda found: found.account.name):
        table.add_row(Text(account.account.name, style="bold"))
        for row in account.rows:
            table.add_row(
                f"  {row['resource']}",
                _asked(row),
                *(str(row[c]) for c in ("rows_read", "rows_new", "rows_retired", "rows_repaired")),
                Text(row["status"], style=STYLES.get(row["status"], "red")),
            )
    return table


def day_and_minute(moment: str | datetime | None) -> str:
    """An instant in a narrow column, UTC; the year goes without saying unless it is another one."""
    if moment is None:
        return "-"
    parsed = datetime.fromisoformat(str(moment)).astimezone(UTC)
    return f"{parsed:%d %b %H:%M}" if parsed.year == datetime.now(UTC).year else f"{parsed:%d %b %Y}"


def _asked(row: Mapping[str, Any]) -> str:
    return "everything" if row["asked_from"] is None else f"since {day_and_minute(row['asked_from'])}"


def in_words(warning: str) -> str:
    """A warning of the models as a sentence; their tests are named for what should be so."""
    test, _, found = warning.partition(": ")
    return f'Warning: "{test.removeprefix("assert_").replace("_", " ")}" does not hold: {found}'
