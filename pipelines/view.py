"""What people see of a run: tables that fit a terminal, and a file when there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pipelines.load import AccountResult


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
    """What a run read, a line per account and resource."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("account")
    table.add_column("resource", no_wrap=True)
    table.add_column("asked", no_wrap=True)
    for heading in ("requests", "read", "new or changed", "gone", "repaired"):
        table.add_column(heading, justify="right")
    table.add_column("result")
    for account in sorted(accounts, key=lambda found: found.account.name):
        for row in account.rows:
            table.add_row(
                row["account"],
                row["resource"],
                "everything" if row["asked_from"] is None else f"since {str(row['asked_from'])[:16]}",
                *(
                    str(row[c])
                    for c in ("requests", "rows_read", "rows_new", "rows_retired", "rows_repaired")
                ),
                row["status"],
            )
    return table
