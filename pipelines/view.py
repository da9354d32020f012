"""What people see of a run: tables that fit a terminal, and a file when there is none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pipelines.load import AccountResult


class PatientConsole(Console):
    """A console whose reader may go away, as `head` does: the work goes on all the same."""

    def __init__(self, file: TextIO, *, soft_wrap: bool = True, width: int | None = None) -> None:
        super().__init__(file=file, soft_wrap=soft_wrap, highlight=False, width=width)

    def on_broken_pipe(self) -> None:
        """Sends what is still in the file's buffer, and whatever comes, nowhere."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())

    def write(self, line: str) -> None:
        """A line for machines, as it is."""
        try:
            self.file.write(f"{line}\n")
            self.file.flush()
        except BrokenPipeError:
            self.on_broken_pipe()


def console_for_people() -> PatientConsole:
    """Standard output; wide enough for our tables where it is no terminal."""
    return PatientConsole(sys.stdout, soft_wrap=False, width=None if sys.stdout.isatty() else 140)


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
