"""One provider resource as a dlt resource: asks, collects rows, judges what came, moves the mark."""

from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, Protocol

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TColumnSchema, TScd2StrategyDict
from dlt.extract import DltResource

from sources._shared.errors import SourceError, StrangerError
from sources._shared.http import Tally
from sources._shared.journal import Journal
from sources._shared.mark import Ask, Outcome, Window, earlier, move_mark
from sources._shared.rows import ROWS_PER_TABLE, Page, RowCollector, raw_schema
from sources._shared.settings import Resource

VERSIONED: TScd2StrategyDict = {
    "disposition": "merge",
    "strategy": "scd2",
    "row_version_column_name": "row_hash",
}

ROWS_FORMAT: Literal["parquet"] = "parquet"
"""How rows travel to the warehouse; dlt's own format for DuckDB is 14 times slower on ours."""

Pages = Callable[[Window], Iterator[Page]]


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
    pages: Pages,
    *,
    scope: str | Callable[[], str] = "",
) -> DltResource:
    """A resource that fills one raw table.

    Args:
        scope: what narrows the answers (a location filter, an organisation). When it changes, the mark no
            longer covers what is asked for, and everything is read again. A function is called when the
            resource's turn has come.
    """

    def read() -> Iterator[Any]:
        if asked.backfill is not None and resource.reading == "whole" and not resource.lists:
            return
        state = dlt.current.resource_state()
        narrowed = scope if isinstance(scope, str) else scope()
        if resource.listed_by in asked.errors:
            narrowed = state.get("scope", narrowed)  # what it narrows to is what could not be read
        outcome, window = asked.plan(resource, state, narrowed)
        before = client.tally.copy()
        try:
            if asked.dead_end is not None:
                raise asked.dead_end
            yield from _read(
                resource, account, asked, outcome, _pages(resource, asked, outcome, window, pages, narrowed)
            )
        except SourceError as error:
            error.where = error.where or f"{account}: {resource.name}, page {outcome.pages + 1}"
            outcome.fail(error)
            outcome.error_advice = error.advice
            asked.errors[resource.name] = error
            if error.stops_account:
                asked.dead_end = error
            if asked.raise_errors or isinstance(error, StrangerError):
                raise
        else:
            move_mark(state, outcome, narrowed)
            if outcome.status == "ok":
                state["place"] = asked.place
        finally:
            client.close()
            spent = client.tally.since(before)
            outcome.requests, outcome.retries = spent.requests, spent.retries
            outcome.throttled_seconds, outcome.bytes_read = spent.throttled_seconds, spent.bytes_read
            outcome.finished_at = asked.now()
            asked.ended(outcome)

    return _versioned(resource, read)


def held_back_resource(resource: Resource, tables: pa.Table) -> DltResource:
    """A resource that loads versions which were held back, as an incremental load of their keys."""
    return _versioned(resource, lambda: iter([tables]))


def forgetting_resource(resource: Resource) -> DltResource:
    """A resource that loads nothing and forgets its mark, so that the next read is a first one."""

    def forget() -> Iterator[Any]:
        dlt.current.resource_state().clear()
        yield raw_schema(resource).empty_table()

    return _versioned(resource, forget)


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
        file_format=ROWS_FORMAT,
    )


def _pages(
    resource: Resource, asked: Ask, outcome: Outcome, window: Window, pages: Pages, scope: str
) -> Iterator[Page]:
    """The pages: those that came with another resource, those of a broken-off read, the provider's."""
    along = asked.brought_along.pop(resource.name, None)
    if along is not None:
        with closing(along):
            yield from along.pages()
    if resource.listed_by in asked.errors:
        raise asked.errors[resource.listed_by]
    if resource.comes_with in asked.errors and window.is_whole:
        raise asked.errors[resource.comes_with]
    if asked.comes_whole(resource):
        return
    journal = asked.journal(resource.name)
    if outcome.mark_before is not None or outcome.mode == "backfill" or asked.journals is None:
        if outcome.mark_before is not None:
            journal.remove()  # of a first read that has ended since
        yield from pages(window)
        return
    journal.open(scope, outcome.started_at)
    try:
        yield from _journaled(journal, outcome, window, pages)
    finally:
        journal.close()


def _journaled(journal: Journal, outcome: Outcome, window: Window, pages: Pages) -> Iterator[Page]:
    """A first read: what an earlier run fetched of it, then the rest, kept page by page."""
    read_before: set[tuple[str, ...]] = set()
    begun_at: datetime | None = None
    for page in journal.pages():
        outcome.resumed_from = journal.started_at
        read_before.update(record.keys for record in page.records)
        begun_at = earlier(begun_at, page.answered_at)
        yield page
    if journal.is_complete:
        return
    rest = replace(
        window, position=journal.last_position, read_before=frozenset(read_before), begun_at=begun_at
    )
    for page in pages(rest):
        journal.append(page)
        yield page
    journal.complete()


def _read(
    resource: Resource, account: str, asked: Ask, outcome: Outcome, pages: Iterator[Page]
) -> Iterator[Any]:
    asked_at = outcome.started_at
    collector: RowCollector | None = None
    doubt = blind_windows = ""
    try:
        for page in pages:
            if collector is None:
                asked_at = min(asked_at, page.answered_at or asked_at, outcome.resumed_from or asked_at)
                collector = RowCollector(resource, account, asked_at)
                yield collector.empty()
            outcome.pages += 1
            outcome.has_moved = outcome.has_moved or page.has_moved
            doubt, blind_windows = doubt or page.doubt, blind_windows or page.blind_windows
            asked.blind_windows = asked.blind_windows or page.blind_windows
            if page.promised is not None:
                outcome.rows_promised = page.promised
            for name, records in page.beside.items():
                _lay_beside(asked, name, Page(records, page.answered_at))
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
        if resource.comes_with is None and resource.listed_by is None:
            raise AssertionError(f"{resource.name}: a provider's read ended without a single answer")
        collector = RowCollector(resource, account, asked_at)
        yield collector.empty()
    rest = collector.take()
    asked.held_back[resource.name] = collector.take_held_back()
    if resource.lists:
        asked.keys[resource.name] = collector.keys
    outcome.asked_through = _asked_through(resource, asked, asked_at)
    _judge(resource, account, asked, outcome, collector.keys, doubt, blind_windows)
    if outcome.mode == "sweep" and outcome.is_complete:
        # All of the account's rows that this read did not bring are retired. Said with the last table, so
        # that a read which breaks off before never retires anything.
        yield dlt.mark.with_hints(
            rest if rest is not None else collector.empty(),
            dlt.mark.make_hints(merge_key=["account"]),
        )
    elif rest is not None:
        yield rest


def _asked_through(resource: Resource, asked: Ask, asked_at: datetime) -> datetime | None:
    """Up to which moment the answers speak; of a listed resource, not beyond its list.

    A list may be older than this run, where its first read was broken off: what was added since was not
    asked for.
    """
    if asked.backfill is not None:
        return asked.backfill[1]
    lister = asked.outcomes.get(resource.listed_by or "")
    return earlier(asked_at - resource.settle, lister.asked_through if lister else None)


def _lay_beside(asked: Ask, name: str, page: Page) -> None:
    """Keeps records that came along until their own resource is read."""
    if name not in asked.brought_along:
        asked.brought_along[name] = Journal()
        asked.brought_along[name].open("", asked.now())
    asked.brought_along[name].append(page)


def _judge(
    resource: Resource,
    account: str,
    asked: Ask,
    outcome: Outcome,
    keys: Collection[tuple[str, ...]],
    doubt: str,
    blind_windows: str,
) -> None:
    """Decides whether a read that came to its end may be taken for all there is (design §4).

    Raises:
        StrangerError: it brought records, and none of those that are known.
    """
    where = f"{account}: {resource.name}:"
    known = asked.current_rows.get(resource.name, 0) if outcome.mode == "sweep" else 0
    found = known
    if known and asked.sweep_floor and not asked.confirm_drop:
        # Known ones, not any: as many of somebody else's would pass for ours.
        found = len(asked.held_keys(resource.name) & set(keys))
        is_same_question = outcome.mark_before is not None or outcome.is_elsewhere
        if keys and not found and is_same_question:
            raise StrangerError(
                f"None of the {known} known records came, and {len(keys)} others did: this is somebody"
                " else's account. Nothing of it was loaded.",
                "Check base_url and the credentials; if all that was known is really gone, run stocktake"
                f" sweep --account {account} --confirm-drop.",
            )
    if doubt:
        outcome.guard(
            f"{where} {doubt} What came is kept, nothing was retired, and the next run asks for all of it"
            " once more."
        )
    elif found < asked.sweep_floor * known:
        outcome.guard(
            f"{where} the sweep brought {found} of the {known} records that are known, less than"
            f" {asked.sweep_floor:.0%}. Nothing was retired. If they are really gone, run stocktake sweep"
            f" --account {account} --confirm-drop."
        )
    else:
        outcome.is_complete = True
        if blind_windows:
            outcome.guard(f"{where} {blind_windows} Until that is mended, every run reads all of it.")
