"""Rows that differ add up to another number, rows in another order do not."""

import duckdb
import pytest

from pipelines.fingerprint import sum_of_rows

ROWS = "('a', 1, '08:00'), ('b', 2, '08:00')"


def number(rows: str, columns: str = "held") -> object:
    with duckdb.connect() as connection:
        found = f"select {sum_of_rows(columns)} from (values {rows}) as held(name, pieces, moment)"
        return connection.execute(found).fetchall()[0][0]


@pytest.mark.parametrize(
    "rows",
    [
        "('a', 1, '08:00'), ('b', 2, '08:00'), ('b', 2, '08:00')",
        "('a', 2, '08:00'), ('b', 1, '08:00')",
        "('a', 1, '09:00'), ('b', 2, '09:00')",
        "('a', null, '08:00'), ('b', 2, '08:00')",
        "('a', 1, '08:00')",
    ],
    ids=["one twice", "a value swapped", "a moment that all share", "nothing", "fewer"],
)
@pytest.mark.parametrize("columns", ["held", "name, pieces, moment"])
def test_other_rows_are_another_number(rows: str, columns: str) -> None:
    assert number(rows, columns) != number(ROWS, columns)


def test_the_order_of_rows_is_nothing() -> None:
    assert number("('b', 2, '08:00'), ('a', 1, '08:00')") == number(ROWS)


def test_what_is_not_named_is_not_told() -> None:
    assert number("('a', 1, '09:00'), ('b', 2, '10:00')", "name, pieces") == number(ROWS, "name, pieces")
