"""ShipStream over HTTP: JSON5 filters, cursors over product ids, products that come beside their levels.

Usable alone: `ShipstreamClient(url, token).total_levels(Window())` yields pages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import structs

from sources._shared import clock as our_clock
from sources._shared.auth import BearerAuth
from sources._shared.errors import (
    BrokenAnswerError,
    PermissionDeniedError,
    RequestError,
    SourceError,
    ThrottledError,
)
from sources._shared.http import Answer, ApiClient, ProviderWords
from sources._shared.mark import Window, earlier
from sources._shared.pace import Pace
from sources._shared.positions import Position, position_of
from sources._shared.records import (
    KeyFields,
    Keys,
    Page,
    Record,
    identity,
    instant,
    keyless,
    keys_of,
    records_of,
    text,
)
from sources._shared.redaction import Redactor
from sources._shared.verdict import Reason, missing
from sources.shipstream.settings import NO_PRODUCTS, PAGE_LIMIT, REQUESTS_PER_SECOND

VERSION_HEADER = "X-ShipStream-API-Version"
TOTALS = "/v1/inventory/levels/total"
LEVELS = "/v1/inventory/levels/warehouse"
WAREHOUSES = "/v1/inventory/warehouses"
MERCHANTS = "/v1/system/merchants"
STATUS = "/v1/system/status"

ENABLED = ("true", "false")
"""Both are asked for: the filter's default leaves out what is disabled, ShipStream's soft delete. Asked for
in one filter they would save a request, but nobody says that works."""

OTHER_ZONE = (
    "Filters on updated_at do not find a level by its own time: ShipStream reads their times in another zone"
    " than it writes them in."
)

PASSES = 2
"""How often pages that do not add up to their count are read."""
SPARE_PAGES = 5
"""How many pages more than expected a scan may have before it is taken for an endless loop."""
SMALL_PAGES = 20
"""By how much the server may shorten our pages."""

Parameters = Sequence[tuple[str, str]]
ToRecord = Callable[[msgspec.Raw], Record]
WITH_PRODUCTS: Parameters = (("fields", "all"), ("fields:product", "all"))


class _Meta(msgspec.Struct):
    count: int | None = None


class _Envelope(msgspec.Struct):
    collection: list[msgspec.Raw] | None = None
    included: dict[str, list[msgspec.Raw]] | None = None
    has_more: bool = False
    also_has_more: bool = msgspec.field(default=False, name="hasMore")
    next: str | None = None
    meta: _Meta | None = None


class _Detail(msgspec.Struct):
    key: str | None = None
    message: str | None = None


class _Error(msgspec.Struct):
    message: str = ""
    details: list[_Detail] | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error] | None = None


# Keys and clocks only, of any type: what a record holds beside them is nobody's business here.
class _Object(msgspec.Struct):
    type: Any = None
    id: Any = None
    updated_at: Any = None


class _Level(msgspec.Struct):
    product: Any = None
    warehouse: Any = None
    warehouse_id: Any = None
    updated_at: Any = None


class ScanPosition(Position, frozen=True, tag=1):
    """Where the scans over enabled and disabled products go on."""

    enabled: str = ""
    cursor: str | None = None
    """None for the beginning of the scan."""
    came: int = 0
    """How many records of the scan came before it."""


class ShipstreamClient:
    """One ShipStream instance, all its merchants.

    Args:
        base_url: up to and including /api/global.
        access_token: a token of a Custom Global Integration.
        api_version: the minor version to ask for; None for the newest.
    """

    def __init__(
        self,
        base_url: str,
        access_token: str,
        api_version: str | None = None,
        requests_per_second: float = REQUESTS_PER_SECOND,
    ) -> None:
        self.api = ApiClient(
            base_url,
            auth=BearerAuth(access_token),
            redactor=Redactor(access_token),
            headers={VERSION_HEADER: api_version} if api_version else {},
            read_error=_read_error,
            refused=_refused,
            pace=Pace(requests_per_second),
            read_timeout=120.0,
            credentials_advice="The access token was refused: it is mistyped, has expired, was revoked, or"
            " its integration is inactive. Make a new one under System > Global Integrations.",
        )
        self.traffic = self.api.traffic

    def close(self) -> None:
        """Closes the connections."""
        self.api.close()

    def total_levels(self, window: Window) -> Iterator[Page]:
        """Levels of the products whose stock moved, all warehouses together; their products beside them."""
        for found in self._levels(TOTALS, WITH_PRODUCTS, "updated_at", window, _total_level):
            yield replace(found.page, included={"products": found.products})

    def products(self, window: Window) -> Iterator[Page]:
        """Products that were edited, by way of their levels."""
        for found in self._levels(TOTALS, WITH_PRODUCTS, "product_updated_at", window, _total_level):
            # The count is of levels, and a product may be missing beside its level.
            yield replace(found.page, records=found.products, promised=None)

    def warehouse_levels(self, window: Window) -> Iterator[Page]:
        """Levels by warehouse of the products whose stock moved."""
        for found in self._levels(LEVELS, [("fields", "all")], "updated_at", window, _warehouse_level):
            yield found.page

    def warehouses(self, window: Window) -> Iterator[Page]:
        """Every warehouse, inactive ones included."""
        return self._short_list(WAREHOUSES, window)

    def merchants(self, window: Window) -> Iterator[Page]:
        """Every merchant, inactive and deleted ones included."""
        return self._short_list(MERCHANTS, window)

    def _short_list(self, path: str, window: Window) -> Iterator[Page]:
        position = position_of(ScanPosition, window.position)
        return (found.page for found in self._scan(path, [("sort", "id")], _object, position))

    def _levels(
        self, path: str, fields: Parameters, clock: str, window: Window, to_record: ToRecord
    ) -> Iterator["_Found"]:
        """What was edited or moved in the window; without one, all there is, and whether windows find it."""
        oldest: tuple[datetime, Keys] | None = None
        for found in self._levels_of(path, fields, clock, window, to_record):
            for record in found.page.records if clock == "updated_at" else found.products:
                if record.updated_at and (oldest is None or record.updated_at < oldest[0]):
                    oldest = (record.updated_at, record.keys)
            yield found
        if oldest is None or not window.is_whole:
            return
        # Nobody says in which zone ShipStream reads the times of a filter; the Merchant API reads them in the
        # merchant's (shipstream.md §2.3). Tried on the record that has stood still for longest.
        moment, keys = oldest
        dated = ("filter", f'{clock}{{gt:"{_second(moment, -1)}",lt:"{_second(moment, 1)}"}}')
        for enabled in ENABLED:
            query = [*fields, dated, ("filter", f"is_enabled:{enabled}"), ("sort", "product_id")]
            for found in self._scan(path, query, to_record):
                if keys in keys_of(found.page.records):  # beside them, a product may come with every page
                    return
        yield _Found(Page((), told={Reason.BLIND_FILTER: OTHER_ZONE}, position=ScanPosition(ENABLED[-1])), [])

    def _levels_of(
        self, path: str, fields: Parameters, clock: str, window: Window, to_record: ToRecord
    ) -> Iterator["_Found"]:
        """One scan over the enabled products and one over the disabled ones; `promised` is of both.

        A window's end lies before every request, by the server's clock too: what moves while it is read
        leaves the window, and is for the next one. Without a window, what was edited meanwhile is read again.
        """
        if self.api.server_clock is None:  # the shortest list tells it
            next(self.warehouses(Window()))
        server_clock = self.api.server_clock
        dated: Parameters = []
        if window.after is not None:
            # Ours may run ahead of it; or behind, and hide what is new.
            until = earlier(window.until, server_clock) or our_clock.now()
            dated = [("filter", f'{clock}{{gt:"{_second(window.after)}",lt:"{_second(until, 1)}"}}')]
        resumed = position_of(ScanPosition, window.position)
        position = resumed or ScanPosition(ENABLED[0])
        promised = 0
        for enabled in ENABLED[ENABLED.index(position.enabled) :]:
            query = [*fields, *dated, ("filter", f"is_enabled:{enabled}"), ("sort", "product_id")]
            count = 0
            for found in self._scan(path, query, to_record, position):
                count = found.page.promised or 0
                page = replace(
                    found.page,
                    answered_at=earlier(found.page.answered_at, server_clock),
                    promised=None if dated or resumed else promised + count,
                    position=_goes_on(enabled, found.page.position),
                )
                yield found._replace(page=page)
            promised += count
            position = ScanPosition(ENABLED[-1])
        first_answered_at = earlier(window.first_answered_at, server_clock)
        if not dated and first_answered_at is not None:
            # A product that was enabled between the two scans is in neither of them. That was an edit.
            edited = ("filter", f'product_updated_at{{gt:"{_second(first_answered_at, -1)}"}}')
            query = [*fields, edited, ("filter", "is_enabled:true"), ("sort", "product_id")]
            total = None if resumed else promised
            for found in self._scan(path, query, to_record):
                page = replace(found.page, promised=total, position=ScanPosition(ENABLED[-1]))
                yield found._replace(page=page)

    def _scan(
        self, path: str, query: Parameters, to_record: ToRecord, position: "ScanPosition | None" = None
    ) -> Iterator["_Found"]:
        """Pages until one says that there is no more, read again where they do not add up to the count.

        Of `next` only the cursor is taken: whether it repeats our own parameters is not documented, and it
        may point to another host.

        Args:
            position: where to go on; None for the beginning.
        """
        cursor, distinct = (position.cursor, position.came) if position else (None, 0)
        seen: set[Keys] = set()
        lacking = 0
        for _ in range(PASSES):
            count: int | None = None
            in_pass: set[Keys] = set()
            pages = without_key = 0
            while True:
                answer = self._page(path, query, cursor, to_record, wants_count=pages == 0)
                body = answer.body
                count = body.promised if count is None else count
                keys = keys_of(body.records)
                is_stale = bool(keys) and keys <= in_pass
                pages += 1
                if is_stale or body.cursor == cursor is not None or pages > _most_pages(count):
                    raise BrokenAnswerError(
                        f"Page {pages} of the scan brought nothing new: the cursor does not advance.",
                        "Try later, and tell ShipStream if it persists.",
                    )
                in_pass |= keys
                seen |= keys
                without_key += keyless(body.records)
                came = distinct + len(seen) + without_key
                cursor = body.cursor
                goes_on = ScanPosition(cursor=cursor, came=came)
                yield _Found(Page(body.records, answer.answered_at, count, position=goes_on), body.products)
                if cursor is None:
                    break
            if count is None or came >= count:
                return
            lacking = count - came
            distinct = 0  # read anew from the first page, everything that comes counts
        yield _Found(Page((), None, count, {Reason.SHORT: missing(lacking)}), [])

    def _page(
        self, path: str, query: Parameters, cursor: str | None, to_record: ToRecord, *, wants_count: bool
    ) -> Answer["_Body"]:
        params = [*query, ("limit", str(PAGE_LIMIT))]
        if wants_count:
            params.append(("count", "1"))  # costs the server time: once a scan
        if cursor is not None:
            params.append(("cursor_start", cursor))
        return self.api.send("GET", path, lambda body: _read(body, to_record), params=params)


class _Body(NamedTuple):
    records: list[Record]
    products: list[Record]
    cursor: str | None
    """Where the next page starts; None where there is none."""
    promised: int | None


class _Found(NamedTuple):
    page: Page
    products: list[Record]
    """The products beside the records, where they were asked for."""


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_level_fields = KeyFields(_Level)
_object_fields = KeyFields(_Object)


def _read(body: bytes, to_record: ToRecord) -> _Body:
    envelope = _decode_envelope(body)
    if envelope.collection is None:
        raise msgspec.ValidationError("there is no collection")
    cursor = None
    if envelope.has_more or envelope.also_has_more:
        # A path in the examples, maybe a whole address: the query is what counts.
        found = parse_qs(urlsplit(envelope.next or "").query).get("cursor_start")
        if not found:
            raise msgspec.ValidationError("has_more without a cursor in next")
        cursor = found[0]
    count = envelope.meta.count if envelope.meta else None
    records = records_of(envelope.collection, to_record)
    return _Body(records, _products(envelope.included or {}), cursor, count)


def _total_level(raw: msgspec.Raw) -> Record:
    level = _level_fields(raw)
    return Record(_product_key(level.product), instant(level.updated_at), bytes(raw))


def _warehouse_level(raw: msgspec.Raw) -> Record:
    level = _level_fields(raw)
    # A reference in other answers; this one's list of fields names no warehouse at all (shipstream.md §2.2).
    found = level.warehouse.get("id") if isinstance(level.warehouse, dict) else level.warehouse
    keys = (*_product_key(level.product), identity(level.warehouse_id if found is None else found))
    return Record(keys, instant(level.updated_at), bytes(raw))


def _object(raw: msgspec.Raw) -> Record:
    return Record((identity(_object_fields(raw).id),), None, bytes(raw))


def _products(included: Mapping[str, Sequence[msgspec.Raw]]) -> list[Record]:
    """The products of every kind among the included objects: a dictionary of the page, not its rows."""
    records = []
    for kind, raws in included.items():
        if kind not in NO_PRODUCTS:
            records += records_of(raws, partial(_product, kind))
    return records


def _product(kind: str, raw: msgspec.Raw) -> Record:
    found = _object_fields(raw)
    return Record((text(found.type) or kind, identity(found.id)), instant(found.updated_at), bytes(raw))


def _product_key(product: Any) -> tuple[str, str]:
    if not isinstance(product, dict):
        raise msgspec.ValidationError("it has no product")
    return text(product.get("type")) or "Product", identity(product.get("id"))


def _goes_on(enabled: str, position: ScanPosition | None) -> ScanPosition:
    """Where the two scans go on: in this one while it has a cursor, else at the start of the next."""
    if position is None or position.cursor is None:
        return ScanPosition(ENABLED[-1])
    return structs.replace(position, enabled=enabled)


def _second(moment: datetime, more: int = 0) -> str:
    """A date literal in whole seconds, with an explicit Z: without, the zone would be a merchant's.

    Args:
        more: so many seconds later, because `gt` and `lt` leave their own second out.
    """
    return (moment.astimezone(UTC) + timedelta(seconds=more)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _most_pages(count: int | None) -> int:
    return -(-count // PAGE_LIMIT) * SMALL_PAGES + SPARE_PAGES if count is not None else 1_000_000


def _read_error(body: bytes) -> ProviderWords:
    try:
        error = (msgspec.json.decode(body, type=_Errors).errors or [_Error()])[0]
    except msgspec.MsgspecError:
        return ProviderWords("", "")
    detail = (error.details or [_Detail()])[0]
    return ProviderWords(detail.key or "", " ".join(filter(None, [error.message, detail.message])))


def _refused(status: int, words: ProviderWords) -> SourceError | None:
    said = f" The provider says: {words.detail.rstrip('.')}." if words.detail else ""
    if status == 409:  # too many requests at once, not a conflict (shipstream.md §5)
        return ThrottledError(f"409. Too many requests at once.{said}", "Run less at once, or later.")
    if status == 403:
        return PermissionDeniedError(
            f"403. The integration may not read this.{said}",
            "Give the Global Integration the permission under System > Global Integrations.",
        )
    if status == 400 and "version" in f"{words.code} {words.detail}".lower():
        return RequestError(f"400. ShipStream does not know this api_version.{said}", "Check api_version.")
    return None
