"""What people see of a run: tables that fit a terminal, and a file when there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pipelines.load import AccountResult


STYLES = {"ok": "green", "guarded": "yellow", "failed": "red"}
"""How what became of a resource is coloured, wherever it is shown."""


def console_for_people() -> Console:
    """Standard output; wide enough for our tables where it is no terminal."""
    width = None if sys.stdout.isatty() else 140
    return Console(soft_wrap=False, highlight=False, width=width)


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
    return f"Not so: {test.removeprefix('assert_').replace('_', ' ')}. {found}"
