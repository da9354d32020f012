"""One provider resource as a dlt resource: asks, collects rows, judges what came, moves the mark.

A parent is read once a run, by whoever comes first: its own dlt resource, or a child that needs its keys. So
children work in any order and any selection, and what was read of a parent for a child waits for the parent's
own turn. Only that moves the parent's mark: where it never comes, nothing of the parent is loaded.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Protocol, cast

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TColumnSchema, TScd2StrategyDict
from dlt.extract import DltResource

from sources._shared.checks import MOST_SKEW, span
from sources._shared.errors import BrokenAnswerError, SourceError, WrongAccountError
from sources._shared.handover import ROWS_FORMAT, ReadRows
from sources._shared.http import ApiClient, Traffic
from sources._shared.journal import Journal
from sources._shared.mark import Ask, Outcome, Unreadable, Window, earlier, move_mark, note_unreadable
from sources._shared.rows import (
    ROWS_PER_TABLE,
    Keys,
    Page,
    Record,
    RowCollector,
    keys_of,
    raw_schema,
)
from sources._shared.settings import Resource
from sources._shared.verdict import Evidence, Reason

logger = logging.getLogger(__name__)

MANY = 10
"""Records. When so many came and none can be read, the provider has changed, and not a record."""
LONGEST_PAYLOAD = 10_000
"""Characters of a record that could not be read, where it is named."""

VERSIONED: TScd2StrategyDict = {
    "disposition": "merge",
    "strategy": "scd2",
    "row_version_column_name": "row_hash",
}

Pages = Callable[[Window], Iterator[Page]]


Scope = str | Callable[[Sequence[Keys]], str]


class Reader(Protocol):
    """What reading needs of a provider's client."""

    api: ApiClient
    traffic: Traffic

    def close(self) -> None:
        """Closes the connections; the next request opens them again."""


class ResourceRead:
    """What one resource is asked in one run of its source, and what came of it.

    Args:
        scope: what narrows the answers (a location filter, an organisation). When it changes, the mark no
            longer covers what is asked for, and everything is read again. A function is given the parent's
            keys.
        parent: whose records say what to ask for.
        included_in: whose answers bring records of this one along; when it was read whole before, all of this
            one has come.
    """

    def __init__(
        self,
        resource: Resource,
        account: str,
        asked: Ask,
        client: Reader,
        pages: Pages,
        *,
        scope: Scope = "",
        parent: "ResourceRead | None" = None,
        included_in: "ResourceRead | None" = None,
    ) -> None:
        self.resource = resource
        self.keys: list[Keys] = []
        """The keys that came, once the read is over."""
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        """Why it ended before its end."""
        self._account = account
        self._asked = asked
        self._client = client
        self._pages = pages
        self._scope = scope
        self._narrowed = ""
        self._parent = parent
        self._bringer = included_in
        self._included: dict[str, ResourceRead] = {}
        self._has_children = False
        self._run: object = None
        self._begin()
        if parent is not None:
            parent._has_children = True
        if included_in is not None:
            included_in._included[resource.name] = self

    def as_resource(self) -> DltResource:
        """The dlt resource that loads what is read."""
        return versioned(self.resource, lambda: self._rows())  # dlt takes functions, and no methods

    def _begin(self) -> None:
        self.keys = []
        self.outcome = self.error = None
        self._brought = Journal()
        self._takes_brought = True
        self._tables: Iterator[Any] | None = None
        self._waiting: deque[Any] = deque()
        self._is_over = False

    def _begin_with_run(self) -> None:
        """Forgets an earlier run of the same source: it is known by its state, which dlt makes anew."""
        run = dlt.current.source_state()
        if self._run is not run:
            if self._run is not None:
                self._begin()
            self._run = run

    def finish(self) -> None:
        """Reads to the end, unless somebody did. What is read waits for the resource's own turn.

        Raises:
            SourceError: it cannot be read to its end, or could not.
        """
        self._begin_with_run()
        while self._advance():
            pass
        if self.error is not None:
            raise self.error

    @property
    def has_begun(self) -> bool:
        """Whether anybody has begun to read it."""
        return self._tables is not None

    @property
    def is_whole(self) -> bool:
        """Whether all there is was read."""
        return self.outcome is not None and self.outcome.retires

    def _advance(self) -> bool:
        """Reads one more table; False when there is none."""
        if self._is_over:
            return False
        if self._tables is None:
            self._tables = self._read()
        try:
            self._waiting.append(next(self._tables))
        except StopIteration:
            self._is_over = True
        except BaseException as error:
            self._is_over, self.error = True, error
            raise
        return not self._is_over

    def _rows(self) -> Iterator[Any]:
        asked = self._asked
        if asked.backfill is not None and self.resource.reading == "snapshot" and not self._has_children:
            return
        self._begin_with_run()
        try:
            while self._waiting or self._advance():
                yield self._waiting.popleft()
            if self.error is not None and asked.raise_errors:
                raise self.error  # a child met it first, and somebody caught it there
            if self.error is None and self.outcome is not None:
                state = dlt.current.resource_state()
                move_mark(state, self.outcome, self._narrowed, asked.place)
                if self.resource.reading == "append_only" and self.outcome.mode != "backfill":
                    note_unreadable(state, self.outcome)
        finally:
            if self._tables is not None and not self._has_children:
                cast(Generator[Any, None, None], self._tables).close()
            if self.outcome is not None:
                asked.ended(self.outcome)

    def _read(self) -> Iterator[Any]:
        """The tables of the read. Everything it finds out is in the outcome and in `keys` when it is over."""
        asked, resource, client = self._asked, self.resource, self._client
        state = dlt.current.resource_state(resource.name)
        missing_parent = self._finish_others()
        parents = self._parent.keys if self._parent is not None else ()
        self._narrowed = self._scope if isinstance(self._scope, str) else ""
        if isinstance(missing_parent, SourceError) and self._parent is not None:
            self._narrowed = state.get("scope", "")  # what it narrows to is what could not be read
        elif not isinstance(self._scope, str):
            self._narrowed = self._scope(parents)
        outcome, window = asked.plan(
            resource, state, self._narrowed, parents=parents, comes_whole=self._comes_whole
        )
        self.outcome = outcome
        before = client.traffic.copy()
        try:
            if asked.dead_end is not None:
                raise asked.dead_end
            yield from self._collected(outcome, window, self._all_pages(outcome, window, missing_parent))
        except SourceError as error:
            error.where = error.where or f"{self._account}: {resource.name}, page {outcome.pages + 1}"
            outcome.fail(error)
            outcome.error_advice = error.advice
            self.error = error
            if error.stops_account:
                asked.dead_end = error
            if asked.raise_errors or isinstance(error, WrongAccountError):
                raise
        finally:
            client.close()
            spent = client.traffic.since(before)
            outcome.requests, outcome.retries = spent.requests, spent.retries
            outcome.throttled_seconds, outcome.bytes_read = spent.throttled_seconds, spent.bytes_read
            outcome.finished_at = asked.now()
            self._name_clock()

    @property
    def _comes_whole(self) -> bool | None:
        """Whether all of it came with another one; None where that was not read before, so none came."""
        return self._bringer.is_whole if self._bringer is not None and self._bringer.has_begun else None

    def _finish_others(self) -> SourceError | None:
        """Reads the parent, and what brings this one along where it has begun; why they cannot be read."""
        others = [self._parent]
        if self._bringer is not None and self._bringer.has_begun:
            others.append(self._bringer)
        for other in others:
            try:
                if other is not None:
                    other.finish()
            except SourceError as error:
                return error
        return None

    def _all_pages(self, outcome: Outcome, window: Window, missing: SourceError | None) -> Iterator[Page]:
        """The pages: those that came with another resource, those of a broken-off read, the provider's."""
        self._takes_brought = False
        with closing(self._brought):
            yield from self._brought.pages()
        if missing is not None and (self._parent is not None or window.is_whole):
            raise missing
        if self._comes_whole:
            return
        journals = self._asked.journals
        journal = self._asked.journal(self.resource.name)
        if outcome.mark_before is not None or outcome.mode == "backfill" or journals is None:
            if outcome.mark_before is not None:
                journal.remove()  # of a first read that has ended since
            yield from self._pages(window)
            return
        journal.open(self._narrowed, outcome.started_at)
        try:
            yield from _journaled(journal, outcome, window, self._pages)
        finally:
            journal.close()

    def _collected(self, outcome: Outcome, window: Window, pages: Iterator[Page]) -> Iterator[Any]:
        """What came as tables, and at the end what may be made of it."""
        asked, resource, account = self._asked, self.resource, self._account
        asked_at = outcome.started_at
        first = next(pages, None)
        if first is None and self._bringer is None and self._parent is None:
            raise AssertionError(f"{resource.name}: a provider's read ended without a single answer")
        if first is not None:
            asked_at = min(asked_at, first.answered_at or asked_at, outcome.resumed_from or asked_at)
        collector = RowCollector(resource, account, asked_at)
        told: dict[Reason, str] = {}
        came = chain([first] if first is not None else [], pages)
        with ReadRows(collector.schema, asked.rows_folder, resource.name) as rows:
            try:
                for table in self._gathered(outcome, collector, came, told):
                    rows.add(table)
            except SourceError:
                _add_later(rows, collector)
                yield from rows.handed_over(account)
                raise
            unreadable = collector.unreadable
            if len(unreadable) >= MANY and not collector.distinct:
                asked.journal(resource.name).remove()  # its pages would be as good tomorrow
                outcome.unreadable, outcome.rows_unreadable = [], 0
                raise BrokenAnswerError(
                    f"None of {len(unreadable)} records can be read. For example: {unreadable[0].fault}.",
                    "So many at once mean that the provider has changed: the next run asks again; if it"
                    " persists, please report it.",
                )
            self.keys = collector.keys
            outcome.asked_through = self._asked_through(asked_at)
            outcome.reads_all_unreadable = outcome.reads_all_unreadable or window.is_whole
            parent = self._parent.outcome if self._parent is not None else None
            unlisted = parent.rows_unreadable if parent is not None else 0
            spared = None if unlisted else _spared(resource, asked, outcome, unreadable)
            nameless = len(unreadable) + unlisted if spared is None else 0
            known = {*collector.keys, *keys_of(unreadable)}
            _end(resource, account, asked, outcome, known, told, nameless)
            if outcome.retires and spared is not None:
                rows.add(spared)  # what could not be read came, though: it is not gone
            _add_later(rows, collector)
            yield from rows.handed_over(account, is_whole=outcome.retires)

    def _gathered(
        self, outcome: Outcome, collector: RowCollector, pages: Iterator[Page], told: dict[Reason, str]
    ) -> Iterator[pa.Table]:
        """The rows of the pages, some thousands at a time; also of those before an error: what came is true
        and is kept, only the mark must not move."""
        try:
            for page in pages:
                outcome.pages += 1
                told |= page.told
                if page.promised is not None:
                    outcome.rows_promised = page.promised
                for name, records in page.beside.items():
                    if name in self._included:
                        self._included[name]._lay_beside(Page(records, page.answered_at))
                collector.add(page.records)
                _count(outcome, collector)
                self._asked.came(outcome)
                if (table := collector.take(at_least=ROWS_PER_TABLE)) is not None:
                    yield table
        except SourceError:
            _name(outcome, collector, self._asked)
            if (table := collector.take()) is not None:
                yield table
            raise
        _name(outcome, collector, self._asked)
        if (table := collector.take()) is not None:
            yield table

    def _lay_beside(self, page: Page) -> None:
        """Keeps records that came along until this resource is read."""
        if not self._takes_brought:
            return
        if not self._brought.is_open:
            self._brought.open("", self._asked.now())
        self._brought.append(page)

    def _asked_through(self, asked_at: datetime) -> datetime | None:
        """Up to which moment the answers speak; of a child, not beyond its parent.

        A parent's list may be older than this run, where its first read was broken off: what was added since
        was not asked for.
        """
        if self._asked.backfill is not None:
            return self._asked.backfill[1]
        parent = self._parent.outcome if self._parent is not None else None
        return earlier(asked_at - self.resource.lag, parent.asked_through if parent else None)

    def _name_clock(self) -> None:
        """Says once a run that our clock and the provider's differ."""
        ahead = self._client.api.server_ahead
        if ahead is None or abs(ahead) <= MOST_SKEW or self._asked.has_named_clock:
            return
        self._asked.has_named_clock = True
        side = "behind" if ahead > timedelta() else "ahead of"
        logger.warning(
            "this machine's clock is %s %s the provider's. Windows end by the provider's clock and marks"
            " follow the slower one, so nothing is lost; set this machine's clock.",
            span(ahead),
            side,
        )


def raw_resource(
    resource: Resource, account: str, asked: Ask, client: Reader, pages: Pages, *, scope: Scope = ""
) -> DltResource:
    """A resource that fills one raw table, and has to do with no other; see ResourceRead."""
    return ResourceRead(resource, account, asked, client, pages, scope=scope).as_resource()


def forgetting_resource(resource: Resource) -> DltResource:
    """A resource that loads nothing and forgets its mark, so that the next read is a first one."""

    def forget() -> Iterator[Any]:
        dlt.current.resource_state().clear()
        yield raw_schema(resource).empty_table()

    return versioned(resource, forget)


def versioned(resource: Resource, read: Callable[[], Iterator[Any]]) -> DltResource:
    """A dlt resource that fills a raw table with versions."""
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


def _journaled(journal: Journal, outcome: Outcome, window: Window, pages: Pages) -> Iterator[Page]:
    """A first read: what an earlier run fetched of it, then the rest, kept page by page."""
    read_before: set[Keys] = set()
    first_answered_at: datetime | None = None
    for page in journal.pages():
        outcome.resumed_from = journal.started_at
        read_before |= keys_of(page.records)
        first_answered_at = earlier(first_answered_at, page.answered_at)
        yield page
    if journal.is_complete:
        return
    rest = replace(
        window,
        position=journal.last_position,
        read_before=frozenset(read_before),
        first_answered_at=first_answered_at,
    )
    for page in pages(rest):
        journal.append(page)
        yield page
    journal.complete()


def _add_later(rows: ReadRows, collector: RowCollector) -> None:
    """Adds the second and later versions of keys, round by round."""
    for table in collector.take_held_back():
        rows.add(table, later=True)


def _count(outcome: Outcome, collector: RowCollector) -> None:
    outcome.rows_read, outcome.rows_distinct = collector.read, collector.distinct
    outcome.rows_superseded = collector.superseded


def _name(outcome: Outcome, collector: RowCollector, asked: Ask) -> None:
    """Names the records that could not be read, and those of earlier reads that could be now."""
    outcome.unreadable = [
        Unreadable(
            key_text(one.keys) if one.keys else None,
            one.fault,
            one.payload.decode(errors="replace")[:LONGEST_PAYLOAD],
        )
        for one in collector.unreadable
    ]
    outcome.rows_unreadable = len(outcome.unreadable)
    if outcome.unreadable:
        logger.warning(
            "%s: %s: %d of %d records cannot be read and were left out, for example: %s.",
            collector.account,
            outcome.resource,
            outcome.rows_unreadable,
            outcome.rows_read,
            outcome.unreadable[0].reason,
        )
    before = asked.unreadable.get(outcome.resource, ())
    if before:
        outcome.read_again = sorted({key_text(keys) for keys in collector.keys} & set(before))


def key_text(keys: Keys) -> str:
    """A record's key as people are told it."""
    return " / ".join(keys)


def _spared(
    resource: Resource, asked: Ask, outcome: Outcome, unreadable: Sequence[Record]
) -> pa.Table | None:
    """The current rows of records that came and could not be read: they are not gone. None where nobody can
    say which these are."""
    if outcome.mode != "sweep" or not unreadable:
        return raw_schema(resource).empty_table()
    if not all(one.keys for one in unreadable):
        return None
    rows = asked.current_versions(resource.name, keys_of(unreadable))
    return None if rows is None else rows.cast(raw_schema(resource))


def _end(
    resource: Resource,
    account: str,
    asked: Ask,
    outcome: Outcome,
    keys: Collection[Keys],
    told: Mapping[Reason, str],
    nameless: int,
) -> None:
    """Decides what follows of a read that came to its end (verdict.py).

    Raises:
        WrongAccountError: it brought records, and none of those that are known.
    """
    known = asked.current_rows.get(resource.name, 0) if outcome.mode == "sweep" else 0
    is_measured = known and asked.sweep_floor and not asked.confirm_drop
    found = Evidence(
        outcome.mode,
        told,
        is_first=outcome.mark_before is None,
        is_resumed=outcome.resumed_from is not None,
        expects_known=outcome.mark_before is not None or outcome.is_elsewhere,
        known=known if is_measured else 0,
        # Known ones, not any: as many of somebody else's would pass for ours.
        known_came=len(asked.current_keys(resource.name) & set(keys)) if is_measured else 0,
        came=len(keys),
        floor=asked.sweep_floor,
        nameless=nameless,
    )
    words = found.words(account, resource.name)
    if Reason.OTHER_ACCOUNT in found.reasons:
        raise WrongAccountError(
            words,
            "Check base_url and the credentials; if all that was known is really gone, run stocktake sweep"
            f" --account {account} --confirm-drop.",
        )
    outcome.end(found.verdict, words)
