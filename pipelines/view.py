"""What people see of a run: tables that fit a terminal, and a file when there is none."""

import sys

from rich.console import Console
from rich.table import Table

from pipelines.run import RunResult


def console_for_people() -> Console:
    """Standard output; wide enough for our tables where it is no terminal."""
    width = None if sys.stdout.isatty() else 140
    return Console(soft_wrap=False, highlight=False, width=width)


def summary_table(result: RunResult) -> Table:
    """What a run read, a line per account and resource."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("account")
    table.add_column("resource", no_wrap=True)
    table.add_column("asked", no_wrap=True)
    for heading in ("requests", "read", "new or changed", "gone", "repaired"):
        table.add_column(heading, justify="right")
    table.add_column("result")
    for account in sorted(result.accounts, key=lambda found: found.account.name):
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
