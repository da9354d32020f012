"""One read of one resource: its pages become rows, and at the end it is judged. No dlt, no state."""

import logging
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

import pyarrow as pa

from sources._shared.errors import BrokenAnswerError, WrongAccountError
from sources._shared.handover import ReadRows
from sources._shared.journal import journal_of
from sources._shared.mark import Window, earlier
from sources._shared.options import ReadOptions
from sources._shared.records import Keys, Page, Record, keys_of
from sources._shared.result import ReadResult, Unreadable
from sources._shared.rows import RowCollector, Versions, raw_schema
from sources._shared.settings import Resource
from sources._shared.verdict import Evidence, Reason

logger = logging.getLogger(__name__)

MANY = 10
"""Records. When so many came and none can be read, the provider has changed, and not a record."""
LONGEST_PAYLOAD = 10_000
"""Characters of a record that could not be read, where it is named."""


class Read:
    """What comes of one question.

    Args:
        parent: what came of reading the parent, for a child.
        wants_keys: whether it is a parent, whose children ask for what came.
        take_included: given the name of another resource and a page of its records, which came along.
    """

    def __init__(
        self,
        resource: Resource,
        account: str,
        options: ReadOptions,
        result: ReadResult,
        window: Window,
        *,
        parent: ReadResult | None = None,
        wants_keys: bool = False,
        take_included: Callable[[str, Page], None] = lambda name, page: None,
    ) -> None:
        self.keys: list[Keys] = []
        """The keys that came, once the read is over."""
        self._resource = resource
        self._account = account
        self._options = options
        self._result = result
        self._window = window
        self._parent = parent
        self._wants_keys = wants_keys
        self._take_included = take_included
        self._told: dict[Reason, str] = {}
        self._rows: ReadRows | None = None
        self._collector: RowCollector | None = None
        self._versions = Versions()

    def run(self, pages: Iterator[Page]) -> None:
        """Reads the pages to their end, and judges what came. What came before an error is true and is kept,
        only the mark must not move.

        Raises:
            SourceError: the pages did not come to their end, or may not be believed.
        """
        result, resource, options = self._result, self._resource, self._options
        asked_at = result.started_at
        first = next(pages, None)
        if first is not None:
            asked_at = min(asked_at, first.answered_at or asked_at, result.resumed_from or asked_at)
        collector = self._collector = RowCollector(resource, self._account, asked_at)
        rows = self._rows = ReadRows(collector.schema, options.rows_folder, resource.name)
        try:
            self._gather(collector, chain([first] if first is not None else [], pages), rows)
            self._check_readable(collector)
            if self._wants_keys:
                self.keys = collector.keys
            if options.backfill is not None:
                result.asked_through = options.backfill[1]
            else:
                # Of a child, not beyond its parent: that list may be older than this run, where its first
                # read was broken off, and what was added since was not asked for.
                through = self._parent.asked_through if self._parent else None
                result.asked_through = earlier(asked_at - resource.lag, through)
            result.reads_all_unreadable = result.reads_all_unreadable or self._window.is_whole
            unlisted = self._parent.rows_unreadable if self._parent else 0
            spared = None if unlisted else self._spared(collector.unreadable)
            self._judge(collector, nameless=len(collector.unreadable) + unlisted if spared is None else 0)
            if result.retires and spared is not None:
                rows.add([spared])  # what could not be read came, though: it is not gone
        except WrongAccountError:
            self._rows = None
            raise
        finally:
            self._versions = collector.versions
            self._collector = None  # its keys are many

    def missing_keys(self) -> AbstractSet[Keys]:
        """The keys that the warehouse holds as current and that did not come so far."""
        if self._collector is None:
            return frozenset()
        return self._options.known.missing_keys(self._resource.name, self._collector.came())

    def handed_over(self) -> Iterator[Any]:
        """What is given to dlt of the rows that came."""
        if self._rows is not None:
            with self._rows as rows:
                yield from rows.handed_over(self._account, self._versions, is_whole=self._result.retires)

    def _gather(self, collector: RowCollector, pages: Iterator[Page], rows: ReadRows) -> None:
        result = self._result
        try:
            for page in pages:
                result.pages += 1
                self._told |= page.told
                if page.promised is not None:
                    result.rows_promised = page.promised
                for name, records in page.included.items():
                    self._take_included(name, Page(records, page.answered_at))
                collector.add(page.records)
                rows.add(collector.take())
                result.rows_read = collector.read
                self._options.came(result)
        finally:
            rows.add(collector.finish())
            result.rows_distinct = collector.distinct
            result.rows_superseded = collector.versions.superseded
            self._name_unreadable(collector)

    def _name_unreadable(self, collector: RowCollector) -> None:
        """Names the records that could not be read, and those of earlier reads that could be now."""
        result = self._result
        result.unreadable = [
            Unreadable(
                key_text(one.keys) if one.keys else None,
                one.fault,
                one.payload.decode(errors="replace")[:LONGEST_PAYLOAD],
            )
            for one in collector.unreadable
        ]
        result.rows_unreadable = len(result.unreadable)
        if result.unreadable:
            logger.warning(
                "%s: %s: %d of %d records cannot be read and were left out, for example: %s.",
                self._account,
                result.resource,
                result.rows_unreadable,
                result.rows_read,
                result.unreadable[0].reason,
            )
        before = self._options.known.unreadable.get(result.resource, ())
        if before:
            result.read_again = sorted({key_text(keys) for keys in collector.keys} & set(before))

    def _check_readable(self, collector: RowCollector) -> None:
        unreadable = collector.unreadable
        if len(unreadable) < MANY or collector.distinct:
            return
        # Its pages would be as good tomorrow.
        journal_of(self._options.journals, self._resource.name).remove()
        self._result.unreadable, self._result.rows_unreadable = [], 0
        raise BrokenAnswerError(
            f"None of {len(unreadable)} records can be read. For example: {unreadable[0].fault}.",
            "So many at once mean that the provider has changed: the next run asks again; if it persists,"
            " please report it.",
        )

    def _spared(self, unreadable: Sequence[Record]) -> pa.Table | None:
        """The current rows of records that came and could not be read: they are not gone. None where nobody
        can say which these are."""
        if self._result.mode != "sweep" or not unreadable:
            return raw_schema(self._resource).empty_table()
        if not all(one.keys for one in unreadable):
            return None
        rows = self._options.known.current_versions(self._resource.name, keys_of(unreadable))
        return None if rows is None else rows.cast(raw_schema(self._resource))

    def _judge(self, collector: RowCollector, nameless: int) -> None:
        """Decides what follows of a read that came to its end (verdict.py).

        Raises:
            WrongAccountError: it brought records, and none of those that are known.
        """
        options, result, name = self._options, self._result, self._resource.name
        known = options.known.current_rows.get(name, 0) if result.mode == "sweep" else 0
        is_measured = known and options.sweep_floor and not options.confirm_drop
        unreadable = keys_of(collector.unreadable)
        missing = options.known.missing_keys(name, collector.came(unreadable)) if is_measured else ()
        found = Evidence(
            result.mode,
            self._told,
            is_first=result.is_first,
            is_resumed=result.resumed_from is not None,
            expects_known=result.mark_before is not None or result.is_elsewhere,
            known=known if is_measured else 0,
            # Known ones, not any: as many of another account's would pass for ours.
            known_came=known - len(missing) if is_measured else 0,
            came=collector.distinct + len(unreadable),
            floor=options.sweep_floor,
            nameless=nameless,
        )
        words = found.words(self._account, name)
        if Reason.OTHER_ACCOUNT in found.reasons:
            raise WrongAccountError(
                words,
                "Check base_url and the credentials; if all that was known is really gone, run stocktake"
                f" sweep --account {self._account} --confirm-drop.",
            )
        result.end(found.verdict, words)


def key_text(keys: Keys) -> str:
    """A record's key as people are told it."""
    return " / ".join(keys)
