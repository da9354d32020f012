"""One provider resource as a dlt resource: asks, collects rows, judges a sweep, moves the mark."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TColumnSchema, TScd2StrategyDict
from dlt.extract import DltResource

from sources._shared.errors import SourceError
from sources._shared.http import Tally
from sources._shared.mark import Ask, Outcome, Window, move_mark
from sources._shared.rows import ROWS_PER_TABLE, Page, RowCollector
from sources._shared.settings import Resource

VERSIONED: TScd2StrategyDict = {
    "disposition": "merge",
    "strategy": "scd2",
    "row_version_column_name": "row_hash",
}


class Reader(Protocol):
    """What raw_resource needs of a provider's client."""

    tally: Tally

    def close(self) -> None:
        """Closes the connections; the next request opens them again."""


def raw_resource(
    resource: Resource,
    account: str,
    asked: Ask,
    client: Reader,
    pages: Callable[[Window], Iterator[Page]],
    *,
    scope: str = "",
) -> DltResource:
    """A resource that fills one raw table.

    Args:
        scope: what narrows the answers (a location filter, an organisation). When it changes, the mark no
            longer covers what is asked for, and everything is read again.
    """

    def read() -> Iterator[Any]:
        state = dlt.current.resource_state()
        outcome, window = asked.plan(resource, state, scope)
        before = client.tally.copy()
        try:
            if asked.dead_end is not None:
                raise asked.dead_end
            yield from _read(resource, account, asked, outcome, pages(window))
        except SourceError as error:
            error.where = error.where or f"{account}: {resource.name}, page {outcome.pages + 1}"
            outcome.fail(error)
            outcome.error_advice = error.advice
            if error.stops_account:
                asked.dead_end = error
            if asked.raise_errors:
                raise
        else:
            move_mark(state, outcome, scope)
        finally:
            client.close()
            spent = client.tally.since(before)
            outcome.requests, outcome.retries = spent.requests, spent.retries
            outcome.throttled_seconds, outcome.bytes_read = spent.throttled_seconds, spent.bytes_read
            outcome.finished_at = asked.now()

    return _versioned(resource, read)


def held_back_resource(resource: Resource, tables: pa.Table) -> DltResource:
    """A resource that loads versions which were held back, as an incremental load of their keys."""
    return _versioned(resource, lambda: iter([tables]))


def _versioned(resource: Resource, read: Callable[[], Iterator[Any]]) -> DltResource:
    # dlt writes into the dicts it is given: each resource gets its own.
    columns: list[TColumnSchema] = [
        {"name": name, "data_type": "text", "nullable": False}
        for name in ("account", *resource.key, "payload", "row_hash")
    ]
    return dlt.resource(
        read,
        name=resource.name,
        write_disposition=VERSIONED,
        merge_key=["account", *resource.key],
        columns=columns,
        file_format="parquet",
    )


def _read(
    resource: Resource, account: str, asked: Ask, outcome: Outcome, pages: Iterator[Page]
) -> Iterator[Any]:
    asked_at = outcome.started_at
    collector: RowCollector | None = None
    try:
        for page in pages:
            if collector is None:
                asked_at = min(asked_at, page.answered_at or asked_at)
                collector = RowCollector(resource, account, asked_at)
                yield collector.empty()
            outcome.pages += 1
            if page.promised is not None:
                outcome.rows_promised = page.promised
            collector.add(page.records)
            outcome.rows_read, outcome.rows_distinct = collector.read, collector.distinct
            outcome.rows_superseded = collector.superseded
            if (table := collector.take(at_least=ROWS_PER_TABLE)) is not None:
                yield table
    except SourceError:
        # What came is true and is kept; only the mark must not move.
        if collector is not None:
            asked.held_back[resource.name] = collector.take_held_back()
            if (table := collector.take()) is not None:
                yield table
        raise
    if collector is None:
        raise AssertionError(f"{resource.name}: a provider's read ended without a single answer")
    rest = collector.take()
    asked.held_back[resource.name] = collector.take_held_back()
    outcome.asked_through = asked_at
    if outcome.mode == "sweep":
        _judge(resource, account, asked, outcome)
    if outcome.mode == "sweep" and outcome.status == "ok":
        # All of the account's rows that this read did not bring are retired. Said with the last table, so
        # that a read which breaks off before never retires anything.
        yield dlt.mark.with_hints(
            rest if rest is not None else collector.empty(),
            dlt.mark.make_hints(merge_key=["account"]),
        )
    elif rest is not None:
        yield rest


def _judge(resource: Resource, account: str, asked: Ask, outcome: Outcome) -> None:
    """Decides whether a complete sweep may retire what it did not bring (design §4)."""
    known = asked.current_rows.get(resource.name, 0)
    if outcome.rows_distinct < asked.sweep_floor * known and not asked.confirm_drop:
        outcome.guard(
            f"{account}: {resource.name}: the sweep brought {outcome.rows_distinct} records where {known} are"
            f" known, less than {asked.sweep_floor:.0%}. Nothing was retired. If they are really gone, run"
            f" stocktake sweep --account {account} --confirm-drop."
        )
