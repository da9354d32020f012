"""What of the providers' answers cannot be read: told by every run until the provider mends it.

The models hold it, in `rpt_schema_drift`: this is what becomes of it on standard error and in the exit code.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from pipelines.log import Reporter
from pipelines.registry import PROVIDERS

LINES_PER_FIELD = 20
"""So many records are named of one field; where a provider changes a format, all records have it."""

KINDS = {
    "decimal": "a number",
    "integer": "a whole number with a known meaning",
    "boolean": "true or false",
    "instant": "a time between 1900 and 2200",
    "local_time": "a time between 1900 and 2200",
    "struct": "an object",
    "list": "a list",
}
"""What a value should have been, in words, by its declared type."""


@dataclass(frozen=True)
class Unread:
    """A value that cannot be used, or a record that cannot be read, for which numbers are missing."""

    account: str
    resource: str
    record_key: str | None
    field_path: str | None
    said: str | None
    reason: str | None
    declared_type: str | None
    provider: str

    @property
    def place(self) -> tuple[str, str, str | None]:
        """Where it is, whichever the record."""
        return self.account, self.resource, self.field_path

    def as_dict(self) -> dict[str, Any]:
        """The facts for machines."""
        return asdict(self)

    def __str__(self) -> str:
        record = f"{self.account}: {self.resource} {self.record_key or 'without a key'}"
        if self.field_path is None:
            return f"{record}: the record was left out: {self.reason}. It begins {_quoted(self.said)}."
        return (
            f"{record}: {self.field_path} says {_quoted(self.said)}, which is not"
            f" {KINDS.get(self.declared_type or '', 'a usable value')}: it counts as unknown."
        )


def _quoted(said: str | None) -> str:
    """What stands there, on one line and short."""
    words = " ".join((said or "").split())
    return f'"{words[:80]}…"' if len(words) > 80 else f'"{words}"'


def find_unread(connection: duckdb.DuckDBPyConnection) -> list[Unread]:
    """What configured accounts have now, as the last build found it, whichever run brought it.

    What an append-only resource brought is told once, by the first run that finds it: its records are never
    replaced, so nobody could ever mend it.
    """
    rows = connection.execute(
        "select account, resource, record_key, field_path, said, reason, declared_type, provider"
        " from reporting.rpt_schema_drift where feeds_measure"
        " and account in (select account from marts.dim_accounts where is_configured)"
        " order by account, resource, field_path nulls first, record_key"
    ).fetchall()
    found = [Unread(*row) for row in rows]
    once = {_name(unread) for unread in found if unread.field_path is not None and _is_append_only(unread)}
    told = _told_before(connection)
    _remember(connection, once)
    return [unread for unread in found if _name(unread) not in once & told]


def tell_unread(found: Sequence[Unread], reporter: Reporter) -> None:
    """A line each, or, where a field is unread in many records, so many and how many more."""
    told: Counter[tuple[str, str, str | None]] = Counter()
    for unread in found:
        told[unread.place] += 1
        if told[unread.place] <= LINES_PER_FIELD:
            reporter.unread(str(unread), unread.as_dict())
    for place, count in told.items():
        if count > LINES_PER_FIELD:
            account, resource, _ = place
            where = ": ".join(filter(None, place))
            reporter.unread(
                f"{where}: {count - LINES_PER_FIELD} more records like these; all are in rpt_schema_drift.",
                {"account": account, "resource": resource},
            )


def _is_append_only(unread: Unread) -> bool:
    return PROVIDERS[unread.provider].resource(unread.resource).reading == "append_only"


def _name(unread: Unread) -> tuple[str, str, str | None, str | None]:
    return unread.account, unread.resource, unread.record_key, unread.field_path


def _told_before(connection: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    connection.execute(
        "create table if not exists raw_stocktake.unread_told"
        " (account varchar, resource varchar, record_key varchar, field_path varchar)"
    )
    return set(connection.execute("from raw_stocktake.unread_told").fetchall())


def _remember(connection: duckdb.DuckDBPyConnection, told: set[tuple[Any, ...]]) -> None:
    connection.execute("begin")
    connection.execute("delete from raw_stocktake.unread_told")
    if told:
        connection.executemany(
            "insert into raw_stocktake.unread_told values (?, ?, ?, ?)", sorted(told, key=str)
        )
    connection.execute("commit")
