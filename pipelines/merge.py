"""Versions into a raw table, from the Parquet file of one read: plain SQL, without dlt.

A version ends where the next one of its key begins. Of several versions of a key in one read, each begins a
millisecond after the one before, and the last one is current.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import duckdb

from sources._shared.handover import Told

BEGINS, ENDS, LOAD = "_dlt_valid_from", "_dlt_valid_to", "_dlt_load_id"
OURS = (BEGINS, ENDS, LOAD)
"""What the merge writes, whatever a file says of it."""
NO_KEYS = ("updated_at", "payload", "row_hash", "asked_at", *OURS)
"""The columns of a raw table that tell of a record and not which one it is."""
STEP = timedelta(milliseconds=1)


def merge_versions(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    files: Sequence[str],
    load_id: str,
    moment: datetime,
    told: Told,
) -> None:
    """Ends the versions that are current no more, and adds the new ones. Doing it twice changes nothing.

    Args:
        target: the qualified name of the raw table.
        moment: when the first of these versions begin.
    """
    if told.rounds and len(files) > 1:
        raise AssertionError(f"{target}: which of {len(files)} files came first?")
    given = connection.sql(f"from {target} limit 0").columns
    keys = [name for name in given if name not in NO_KEYS]
    kept = ", ".join(name for name in given if name not in OURS)
    read = f"read_parquet([{', '.join(_text(file) for file in files)}], file_row_number = true)"
    not_first = [*told.dropped, *chain.from_iterable(told.rounds)]
    for number, numbers in enumerate([not_first, *told.rounds]):
        chosen = f"where file_row_number {'' if number else 'not '}in (select unnest(?::bigint[]))"
        rows = f"(select {kept} from {read} {chosen if numbers else ''}) as came"
        values: list[Any] = [numbers] if numbers else []
        begins = f"{_text((moment + number * STEP).isoformat())}::timestamptz"
        same_key = " and ".join(f"came.{key} = {target}.{key}" for key in keys)
        is_meant, asked = f"exists (select 1 from {rows} where {same_key})", values
        if number == 0 and told.whole is not None:
            is_meant, asked = "account = ?", [told.whole]  # what did not come is gone
        connection.execute(
            f"update {target} set {ENDS} = {begins}"
            f" where {ENDS} is null and {is_meant} and row_hash not in (select row_hash from {rows})",
            [*asked, *values],
        )
        connection.execute(
            f"insert into {target} by name select came.*, {_text(load_id)} as {LOAD}, {begins} as {BEGINS},"
            f" null::timestamptz as {ENDS} from {rows}"
            f" where row_hash not in (select row_hash from {target} where {ENDS} is null)",
            values,
        )


def append(connection: duckdb.DuckDBPyConnection, target: str, files: Sequence[str]) -> None:
    """Adds the rows of the files."""
    listed = ", ".join(_text(file) for file in files)
    connection.execute(f"insert into {target} by name select * from read_parquet([{listed}])")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
