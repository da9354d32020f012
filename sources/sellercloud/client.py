"""Sellercloud over HTTP: login, throttling in its own words, pages read last to first.

Usable alone: `SellercloudClient(url, user, password, "America/New_York").inventory(Window())` yields pages.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx
import msgspec

from sources._shared import clock as our_clock
from sources._shared.auth import LoginAuth, Token
from sources._shared.errors import NotFoundError, PermissionDeniedError, SourceError
from sources._shared.http import ApiClient, ProviderWords
from sources._shared.mark import Window, earlier
from sources._shared.pace import shared_pace
from sources._shared.positions import Position, position_of
from sources._shared.prefetch import in_order
from sources._shared.records import (
    Columns,
    KeyFields,
    Keys,
    Page,
    Record,
    Records,
    columns_or_records,
    identities,
    identity,
    keyless,
    keys_of,
    prefixed,
    records_of,
    ticks,
)
from sources._shared.redaction import Redactor
from sources._shared.second_look import with_second_look
from sources._shared.verdict import Reason, missing
from sources.sellercloud.local_time import LITERAL, instant_of, local_window
from sources.sellercloud.paging import Scanned, Sums, all_pages
from sources.sellercloud.settings import (
    LARGEST_WINDOW,
    PAGE_SIZE,
    REQUESTS_PER_SECOND,
    SMALLEST_WINDOW,
)

LONGEST_PAUSE = 65 * 60.0
"""Seconds. The count of calls starts anew every hour."""
LONGEST_JITTER = 5.0
"""Seconds waited beyond the moment Sellercloud names, so that its clock has passed it too."""
CLOCKS = ("lastUpdated", "lastAggregate")
"""Two filters for two clocks: edits of the product, and recalculations of its stock. A change of quantity
need not move the first (sellercloud.md §0.1)."""

PRODUCTS = "/inventory"

CREDENTIALS_ADVICE = (
    "Check username and password, and that the user is neither locked nor asked for a second factor."
)

Filter = Mapping[str, str]


class _Token(msgspec.Struct):
    access_token: Any = None
    expires_in: Any = None


class _Throttle(msgspec.Struct):
    RateLimitResetTime: str


class _Envelope(msgspec.Struct):
    Items: list[msgspec.Raw] | None = None
    TotalResults: int | None = None


# Keys and clocks only, of any type: what a record holds beside them is nobody's business here.
class _Row(msgspec.Struct):
    ID: Any = None
    LastModifiedDate: Any = None
    LastAggregateDate: Any = None


class PagePosition(Position, frozen=True, tag=1):
    """The page that a scan goes on with; of stock by warehouse, in which warehouse."""

    page: int
    warehouse: str = ""
    total: int = 0
    """What the last page told, so that a fall of it is seen where the scan goes on."""


class _PlainRow(msgspec.Struct):
    """A product as nearly all of them are. Where one is not, its page is read record by record."""

    ID: str
    LastModifiedDate: str | None = None
    LastAggregateDate: str | None = None


class SellercloudClient:
    """One tenant of Sellercloud.

    Args:
        base_url: up to and including /rest/api.
        timezone: the zone of the tenant's local times.
        warehouses: whose stock is read by warehouse: ids, or "all".
        requests_per_second: how fast to ask; the lowest of all clients of this host holds.
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str,
        timezone: str,
        warehouses: Sequence[str] = ("none",),
        requests_per_second: float = REQUESTS_PER_SECOND,
    ) -> None:
        self.zone = ZoneInfo(timezone)
        self._warehouses = tuple(warehouses)
        redactor = Redactor(username, password)
        self._login = {"Username": username, "Password": password}
        self.login_seconds: float | None = None
        """How long the token of the last login lives, where Sellercloud says."""
        self.has_logged_in = False
        self.api = ApiClient(
            base_url,
            auth=LoginAuth(self._login_request, self._logged_in, redactor.hide),
            redactor=redactor,
            read_error=_read_error,
            refused=_refused,
            pace=shared_pace(base_url, requests_per_second),
            throttled=_pause,
            longest_pause=LONGEST_PAUSE,
            read_timeout=120.0,
            credentials_advice=CREDENTIALS_ADVICE,
        )
        self.traffic = self.api.traffic

    def close(self) -> None:
        """Closes the connections."""
        self.api.close()

    def inventory(self, window: Window) -> Iterator[Page]:
        """Products whose edits or stock moved in the window; all of them where it is whole."""
        return self._products(window, {}, ())

    def warehouse_inventory(self, window: Window) -> Iterator[Page]:
        """The same, once per warehouse: what its answer says of each product."""
        warehouses = self.chosen(window.parents)
        reached = position_of(PagePosition, window.position)
        if reached and reached.warehouse in warehouses:
            warehouses = warehouses[warehouses.index(reached.warehouse) :]
        for warehouse in warehouses:
            is_reached = reached is not None and warehouse == reached.warehouse
            scoped = replace(window, position=reached if is_reached else None)
            for found in self._products(scoped, {"model.warehouse": warehouse}, (warehouse,)):
                position = found.position and msgspec.structs.replace(found.position, warehouse=warehouse)
                yield replace(found, promised=None, position=position)

    def warehouses(self, window: Window) -> Iterator[Page]:
        """Every warehouse; a short list, in pages all the same."""
        seen: set[Keys] = set()
        without_key = 0
        number = 1
        while True:
            answer = self.api.send("GET", "/Warehouses", _read_warehouses, params=_paged({}, number))
            records, total = answer.body.records, answer.body.total
            fresh = [record for record in records if record.keys not in seen]
            # Without anything new, the server knows no further page, or no paging here at all.
            has_more = bool(keys_of(fresh))
            seen |= keys_of(fresh)
            without_key += keyless(fresh)
            come = len(seen) + without_key
            # A bare array tells no total: its last page is one that is not full.
            is_short = len(records) < PAGE_SIZE if total is None else come >= total
            is_last = is_short or not has_more
            lacking = (total or 0) - come if is_last else 0
            told = {Reason.SHORT: missing(lacking)} if lacking > 0 else {}
            yield Page(fresh, answer.answered_at, total, told)
            if is_last:
                return
            number += 1

    def page(self, query: Filter, number: int) -> Scanned:
        """One page of the inventory."""
        answer = self.api.send("GET", PRODUCTS, self._read_products, params=_paged(query, number))
        return Scanned(answer.body.records, answer.body.total, answer.answered_at)

    def chosen(self, listed: Sequence[tuple[str, ...]]) -> list[str]:
        """The warehouses whose stock is read, of those there are."""
        if self._warehouses == ("all",):
            return sorted(key[0] for key in listed)
        return sorted(self._warehouses)

    def _login_request(self) -> httpx.Request:
        return self.api.build_request("POST", "/token", json=self._login)

    def _logged_in(self, response: httpx.Response) -> Token:
        token = self.api.read_login(
            response, _token, credentials_advice=CREDENTIALS_ADVICE, address_advice=BASE_URL_ADVICE
        )
        self.login_seconds, self.has_logged_in = token.seconds, True
        return token

    def _products(self, window: Window, query: Filter, prefix: tuple[str, ...]) -> Iterator[Page]:
        if window.after is None:
            # Without dates: a product that was never edited or counted matches no date at all.
            yield from self._all(query, prefix, window)
            return
        clock = self.api.server_clock
        if clock is None:  # a login tells it; the list of warehouses is the cheapest question after one
            next(self.warehouses(Window()))
            clock = self.api.server_clock
        # Ours may run ahead, and the server's future cannot be asked for; or behind, and hide what is new.
        until = earlier(window.until, clock) or our_clock.now()
        begin, end = local_window(window.after, max(until, window.after), self.zone)
        for name in CLOCKS:
            for page in self._dated(query, prefix, name, begin, end):
                yield replace(page, answered_at=earlier(page.answered_at, clock), promised=None)

    def _all(self, query: Filter, prefix: tuple[str, ...], window: Window) -> Iterator[Page]:
        """Every product, and a second look at those that are held and did not come.

        A product that joins and one that goes while the pages are read can hide a third one, and leave the
        total as it was. What is not found is asked for by its ID before anybody takes it for gone.
        """

        def name_of(keys: Keys) -> str | None:
            is_askable = keys[: len(prefix)] == prefix and "," not in keys[-1]
            return keys[-1] if is_askable else None

        def named(products: Sequence[str]) -> Filter:
            return {**query, "model.inventoryID": ",".join(products)}

        def ask(products: Sequence[str]) -> Iterator[Page]:
            answer = self.page(named(products), 1)
            found = [record for record in answer.records if not record.keys or record.keys[0] in products]
            lacking = min(answer.total or 0, PAGE_SIZE) - len(answer.records)
            told = {Reason.SHORT: missing(lacking)} if lacking > 0 else {}
            yield Page(prefixed(found, prefix), answer.answered_at, None, told, PagePosition(1))

        yield from with_second_look(
            self._scan(query, prefix, window),
            window,
            name_of,
            ask,
            at_once=PAGE_SIZE,
            fits=lambda products: self.api.fits(PRODUCTS, _paged(named(products), 1)),
        )

    def _dated(
        self, query: Filter, prefix: tuple[str, ...], clock: str, begin: datetime, end: datetime
    ) -> Iterator[Page]:
        """One window on one clock; halved while it holds too much to be read before it moves."""
        ends = {f"model.{clock}From": begin.strftime(LITERAL), f"model.{clock}To": end.strftime(LITERAL)}
        first = self.page({**query, **ends}, 1)
        if (first.total or 0) <= LARGEST_WINDOW or end - begin <= 2 * SMALLEST_WINDOW:
            yield from self._scan({**query, **ends}, prefix, Window(), first)
            return
        yield Page(prefixed(first.records, prefix), first.answered_at)
        middle = begin + (end - begin) // SMALLEST_WINDOW // 2 * SMALLEST_WINDOW
        # The halves overlap by a minute: nobody says whether a window's ends are in it.
        yield from self._dated(query, prefix, clock, begin, middle + SMALLEST_WINDOW)
        yield from self._dated(query, prefix, clock, middle, end)

    def _scan(
        self, query: Filter, prefix: tuple[str, ...], window: Window, first: Scanned | None = None
    ) -> Iterator[Page]:
        """All pages of one question, until they add up to the total (paging.py).

        Args:
            first: page 1 of a dated window, which is read page by page.
        """
        seen = {keys[len(prefix) :] for keys in window.read_before if keys[: len(prefix)] == prefix}
        resumed = position_of(PagePosition, window.position)
        start, total = (resumed.page, resumed.total) if resumed else (None, 0)
        sums = Sums(is_dated=first is not None, seen=seen, total=total)
        ask = partial(self.page, query)
        for page, goes_on_at in all_pages(ask, sums, in_order, first=first, start=start):
            told = {Reason.SHIFTED: ""} if sums.has_shifted else {}
            records = prefixed(page.records, prefix)
            yield Page(
                records, page.answered_at, sums.total, told, PagePosition(goes_on_at, total=sums.total)
            )
        if sums.told:
            yield Page((), None, sums.total, sums.told, PagePosition(1))

    def _read_products(self, body: bytes) -> "_Read":
        envelope = _decode_envelope(body)
        return _Read(
            columns_or_records(envelope.Items or (), self._in_columns, self._product), envelope.TotalResults
        )

    def _product(self, raw: msgspec.Raw) -> Record:
        row = _row(raw)
        clock = self._clock(row.LastModifiedDate, row.LastAggregateDate)
        return Record((identity(row.ID),), clock, bytes(raw))

    def _in_columns(self, raws: Sequence[msgspec.Raw]) -> Columns:
        rows = list(map(_decode_plain_row, raws))
        clocks = [self._clock(row.LastModifiedDate, row.LastAggregateDate) for row in rows]
        return Columns(
            [identities([row.ID for row in rows])], list(map(ticks, clocks)), list(map(bytes, raws))
        )

    def _clock(self, *values: Any) -> datetime | None:
        """The later of a product's clocks."""
        known = [clock for value in values if (clock := instant_of(value, self.zone)) is not None]
        return max(known, default=None)


class _Read(NamedTuple):
    records: Records
    total: int | None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_row = KeyFields(_Row)
_decode_plain_row = msgspec.json.Decoder(_PlainRow).decode


def _paged(query: Filter, number: int) -> dict[str, str]:
    return {**query, "model.pageNumber": str(number), "model.pageSize": str(PAGE_SIZE)}


def _read_warehouses(body: bytes) -> _Read:
    """The documented envelope, or a bare array: sibling articles show the one, Swagger the other."""
    if body.lstrip()[:1] == b"[":
        raws: list[msgspec.Raw] = msgspec.json.decode(body, type=list[msgspec.Raw])
        total = None
    else:
        envelope = _decode_envelope(body)
        raws, total = envelope.Items or [], envelope.TotalResults
    return _Read(records_of(raws, _warehouse), total)


def _warehouse(raw: msgspec.Raw) -> Record:
    return Record((identity(_row(raw).ID),), None, bytes(raw))


def _token(body: bytes) -> Token:
    """The token and how long it lives. `.issued` and `.expires` are not to be trusted (sellercloud.md §1)."""
    found = msgspec.json.decode(body, type=_Token)
    return Token.told(found.access_token, found.expires_in)


BASE_URL_ADVICE = "Check base_url: it ends in /rest/api, and its host is your own server's."


def _pause(body: bytes, clock: datetime | None) -> float | None:
    """Seconds until Sellercloud counts anew, where an answer of any status says so (sellercloud.md §5)."""
    if len(body) > 1000 or b"RateLimitResetTime" not in body:
        return None
    try:
        told = msgspec.json.decode(body, type=_Throttle).RateLimitResetTime
        until = datetime.fromisoformat(told)
    except (msgspec.MsgspecError, ValueError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    left = (until - (clock or our_clock.now())).total_seconds()
    return max(0.0, left) + random.uniform(0.2, 1) * LONGEST_JITTER  # noqa: S311  nothing secret


def _read_error(body: bytes) -> ProviderWords:
    """Sellercloud's error bodies are undocumented; a text under one of the usual names is worth showing."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return ProviderWords("", "")
    said = next(
        (answer[name] for name in ("Error", "Message", "message") if isinstance(answer.get(name), str)), ""
    )
    return ProviderWords("", said[:300])


def _refused(status: int, words: ProviderWords) -> SourceError | None:
    if status == 403:
        return PermissionDeniedError(
            "403. The user may not read this.", "Give the user the permission in Delta, under its API rights."
        )
    if status == 404:
        # Seen live: a missing permission answers like a missing page (sellercloud.md §1).
        return NotFoundError(
            "404. There is nothing here, or the user may not read it.",
            f"{BASE_URL_ADVICE} If it is right, give the user the permission to read this.",
        )
    return None
