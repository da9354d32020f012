"""A provider's resources as dlt resources: what is asked next, who is read before whom, when marks move.

A resource is read in one go, by whoever comes first: its own dlt resource, or a child that needs its keys. So
children work in any order and any selection, and what was read of a parent for a child waits for the parent's
own turn. Only that moves the parent's mark: where it never comes, nothing of the parent is loaded.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import dlt
from dlt.common.schema.typing import TColumnSchema, TScd2StrategyDict
from dlt.extract import DltResource

from sources._shared import clock
from sources._shared.checks import MOST_SKEW, span
from sources._shared.errors import SourceError, WrongAccountError
from sources._shared.handover import ROWS_FORMAT
from sources._shared.http import ApiClient, Traffic
from sources._shared.journal import Journal, journal_of, resumed
from sources._shared.mark import Window, move_mark, note_unreadable, plan
from sources._shared.options import ReadOptions
from sources._shared.read import Read
from sources._shared.records import Keys, Page
from sources._shared.result import ReadResult
from sources._shared.rows import raw_schema
from sources._shared.settings import Resource

logger = logging.getLogger(__name__)

VERSIONED: TScd2StrategyDict = {
    "disposition": "merge",
    "strategy": "scd2",
    "row_version_column_name": "row_hash",
}

Pages = Callable[[Window], Iterator[Page]]
Scope = str | Callable[[Sequence[Keys]], str]


class Client(Protocol):
    """What reading needs of a provider's client."""

    api: ApiClient
    traffic: Traffic

    def close(self) -> None:
        """Closes the connections; the next request opens them again."""


class AccountRead:
    """What the resources of one account share while they are read.

    Two things are learnt on the way, and told here: the error for which the account's other resources fail
    without asking, and whether it was said that the clocks differ.
    """

    def __init__(self, account: str, client: Client, options: ReadOptions | None) -> None:
        self.account = account
        self.client = client
        self.options = options or ReadOptions()
        self.stopped_by: SourceError | None = None
        self._run: object = None
        self._has_named_clock = False

    def resource(self, resource: Resource, pages: Pages, *, scope: Scope = "") -> DltResource:
        """A resource that fills one raw table, and has to do with no other."""
        return ResourceRead(self, resource, pages, scope=scope).as_resource()

    def begin(self) -> object:
        """What tells this run of the source from another one: dlt makes its state anew for each."""
        run = dlt.current.source_state()
        if self._run is not run:
            self._run, self.stopped_by, self._has_named_clock = run, None, False
        return run

    def name_clock(self) -> None:
        """Says once that our clock and the provider's differ."""
        ahead = self.client.api.server_ahead
        if ahead is None or abs(ahead) <= MOST_SKEW or self._has_named_clock:
            return
        self._has_named_clock = True
        side = "behind" if ahead > timedelta() else "ahead of"
        logger.warning(
            "this machine's clock is %s %s the provider's. Windows end by the provider's clock and marks"
            " follow the slower one, so nothing is lost; set this machine's clock.",
            span(ahead),
            side,
        )


class ResourceRead:
    """One resource in one run of its source.

    Args:
        scope: what narrows the answers (a location filter, an organisation). When it changes, the mark no
            longer covers what is asked for, and everything is read again. A function is given the parent's
            keys.
        parent: whose records say what to ask for.
        included_in: whose answers have records of this one too; when it was read whole before, all of this
            one has come.
    """

    def __init__(
        self,
        account: AccountRead,
        resource: Resource,
        pages: Pages,
        *,
        scope: Scope = "",
        parent: "ResourceRead | None" = None,
        included_in: "ResourceRead | None" = None,
    ) -> None:
        self.result: ReadResult | None = None
        self.error: BaseException | None = None
        """Why it ended before its end."""
        self._account = account
        self._resource = resource
        self._pages = pages
        self._scope = scope
        self._parent = parent
        self._included_in = included_in
        self._includes: dict[str, ResourceRead] = {}
        self._has_children = False
        self._run: object = None
        self._begin()
        if parent is not None:
            parent._has_children = True
        if included_in is not None:
            included_in._includes[resource.name] = self

    def as_resource(self) -> DltResource:
        """The dlt resource that loads what is read."""
        return versioned(self._resource, lambda: self._load())  # dlt takes functions, and no methods

    def _begin(self) -> None:
        self.result = self.error = None
        self._read: Read | None = None
        self._narrowed = ""
        self._came_included = Journal()

    def _begin_with_run(self) -> None:
        """Forgets an earlier run of the same source."""
        run = self._account.begin()
        if self._run is not run:
            if self._run is not None:
                self._begin()
            self._run = run

    def _load(self) -> Iterator[Any]:
        options = self._account.options
        if options.backfill is not None and self._resource.reading == "snapshot" and not self._has_children:
            return
        try:
            self._finish()
            if self._read is not None:
                yield from self._read.handed_over()
            is_raised = options.raise_errors or isinstance(self.error, WrongAccountError)
            if self.error is not None and is_raised:
                raise self.error
            if self.error is None and self.result is not None:
                state = dlt.current.resource_state()
                move_mark(state, self.result, self._narrowed, options.base_url)
                if self._resource.reading == "append_only" and self.result.mode != "backfill":
                    note_unreadable(state, self.result)
        finally:
            if self.result is not None:
                options.ended(self.result)

    def _finish(self) -> None:
        """Reads to the end, unless that was done. What was read waits for the resource's own turn."""
        self._begin_with_run()
        if self.result is not None:
            return
        account, resource, client = self._account, self._resource, self._account.client
        state = dlt.current.resource_state(resource.name)
        missing = self._missing_others()
        self._narrowed = self._scope_of(state, missing)
        parent = self._parent
        result, window = plan(
            resource,
            state,
            self._narrowed,
            account.options,
            clock.now(),
            parents=parent.keys if parent else (),
            included_whole=self._included_whole,
        )
        self.result = result
        before = client.traffic.copy()
        try:
            if account.stopped_by is not None:
                raise account.stopped_by
            self._read = Read(
                resource,
                account.account,
                account.options,
                result,
                window,
                parent=parent.result if parent else None,
                wants_keys=self._has_children,
                take_included=self._take_included,
            )
            window = replace(window, missing_keys=self._read.missing_keys)
            with closing(self._all_pages(result, window, missing)) as pages:
                self._read.run(pages)
        except SourceError as error:
            error.where = error.where or f"{account.account}: {resource.name}, page {result.pages + 1}"
            result.fail(error)
            result.error_advice = error.advice
            self.error = error
            if error.stops_account:
                account.stopped_by = error
        except BaseException as error:
            self.error = error
            raise
        finally:
            client.close()
            spent = client.traffic.since(before)
            result.requests, result.retries = spent.requests, spent.retries
            result.throttled_seconds, result.bytes_read = spent.throttled_seconds, spent.bytes_read
            result.finished_at = clock.now()
            account.name_clock()

    @property
    def keys(self) -> Sequence[Keys]:
        """The keys that came."""
        return self._read.keys if self._read is not None else ()

    @property
    def _included_whole(self) -> bool | None:
        """Whether all of it came included in another one; None where that was not read before."""
        other = self._included_in.result if self._included_in is not None else None
        return other.retires if other is not None else None

    def _missing_others(self) -> BaseException | None:
        """Reads the parent; why it, or what includes this one and was read before, could not be read."""
        if self._parent is not None:
            self._parent._finish()
            return self._parent.error
        return self._included_in.error if self._included_in is not None else None

    def _scope_of(self, state: dict[str, Any], missing: BaseException | None) -> str:
        if isinstance(self._scope, str):
            return self._scope
        if missing is not None:
            return str(state.get("scope", ""))  # what it narrows to is what could not be read
        return self._scope(self._parent.keys if self._parent else ())

    def _all_pages(
        self, result: ReadResult, window: Window, missing: BaseException | None
    ) -> Generator[Page]:
        """The pages: those that came included, those of a broken-off read, the provider's."""
        with closing(self._came_included):
            yield from self._came_included.pages()
        if missing is not None and (self._parent is not None or window.is_whole):
            raise missing
        if self._included_whole:
            return
        options = self._account.options
        journal = journal_of(options.journals, self._resource.name)
        if result.mark_before is not None or result.mode == "backfill" or options.journals is None:
            if result.mark_before is not None:
                journal.remove()  # of a first read that has ended since
            yield from self._provider_pages(window)
            return
        journal.open(self._narrowed, result.started_at)
        with closing(journal):
            yield from resumed(journal, result, window, self._provider_pages)

    def _provider_pages(self, window: Window) -> Iterator[Page]:
        page = None
        for page in self._pages(window):
            yield page
        if page is None and self._parent is None:
            raise AssertionError(f"{self._resource.name}: a provider's read ended without a single answer")

    def _take_included(self, name: str, page: Page) -> None:
        """Keeps records of another resource until that is read; drops them where it was."""
        other = self._includes.get(name)
        if other is None:
            return
        other._begin_with_run()
        if other.result is not None:
            return
        if not other._came_included.is_open:
            other._came_included.open("", clock.now())
        other._came_included.append(page)


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
