"""The worked examples of docs/reports.md: a query, and under it the answer that it has after the ten days."""

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"
EXAMPLE = re.compile(r"```sql\n(?P<query>[^`]*)```\n\n(?P<answer>(?:\|.*\n)+)")


def printed() -> list[tuple[str, str]]:
    """Each query of the page with the table that is printed under it."""
    return [(found["query"], found["answer"]) for found in EXAMPLE.finditer(PAGE.read_text(encoding="utf-8"))]


def answer(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """What a query gives, as a Markdown table."""
    cursor = connection.execute(query)
    lines = [[column[0] for column in cursor.description or ()]]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell(value) for value in row] for row in cursor.fetchall()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: Any) -> str:
    """A value as people write it: no zeros that say nothing, a dash for nothing."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value).replace("|", "\\|")
