"""Square over HTTP: what a request looks like, where the pages end, what a page holds.

Usable alone: `SquareClient("https://connect.squareup.com", token).counts(Window())` yields pages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from sources._shared.auth import BearerAuth
from sources._shared.cursors import Scanned, scan
from sources._shared.errors import (
    BrokenAnswerError,
    CursorExpiredError,
    PermissionDeniedError,
    RequestError,
    SourceError,
)
from sources._shared.http import Answer, ApiClient, ProviderWords
from sources._shared.mark import Window, rfc3339
from sources._shared.pace import Pace
from sources._shared.records import (
    Columns,
    KeyFields,
    Page,
    Record,
    columns_or_records,
    identities,
    identity,
    instant,
    instants,
    records_of,
    text,
    texts,
)
from sources._shared.redaction import Redactor
from sources._shared.second_look import with_second_look
from sources.square.settings import API_VERSION, CATALOG_TYPES, PAGE_LIMIT

REQUESTS_PER_SECOND = 20
"""Square publishes no limit; one user was throttled at six writes a second. Reads in a row stay below."""

OBJECTS_AT_ONCE = 100
"""Catalogue objects named in one question; how many may be is not documented, and peers name so many."""

E = TypeVar("E", bound="_Envelope")


class _Error(msgspec.Struct):
    category: str = ""
    code: str = ""
    detail: str | None = None
    field: str | None = None


class _Envelope(msgspec.Struct):
    cursor: str | None = None
    errors: list[_Error] | None = None


class _Counts(_Envelope):
    counts: list[msgspec.Raw] | None = None


class _Changes(_Envelope):
    changes: list[msgspec.Raw] | None = None


class _Objects(_Envelope):
    objects: list[msgspec.Raw] | None = None


class _Locations(_Envelope):
    locations: list[msgspec.Raw] | None = None


# Keys and clocks only, of any type: what a record holds beside them is nobody's business here.
class _Count(msgspec.Struct):
    catalog_object_id: Any = None
    location_id: Any = None
    state: Any = None
    quantity: Any = None
    calculated_at: Any = None


class _PlainCount(msgspec.Struct):
    """A count as nearly all of them are. Where one is not, its page is read record by record."""

    catalog_object_id: str
    location_id: str
    state: str
    quantity: str
    calculated_at: str | None = None


class _Change(msgspec.Struct):
    type: Any = None
    physical_count: Any = None
    adjustment: Any = None
    transfer: Any = None


class _Object(msgspec.Struct):
    id: Any = None
    updated_at: Any = None


class _Location(msgspec.Struct):
    id: Any = None


class SquareClient:
    """One seller's Square account.

    Args:
        base_url: the host, with or without a path before /v2.
        access_token: a personal access token or an OAuth token.
        api_version: sent as Square-Version.
        location_ids: read stock of these locations only.
    """

    def __init__(
        self,
        base_url: str,
        access_token: str,
        api_version: str = API_VERSION,
        location_ids: Sequence[str] = (),
    ) -> None:
        self._location_ids = list(location_ids)
        self.api = ApiClient(
            base_url,
            auth=BearerAuth(access_token),
            redactor=Redactor(access_token),
            headers={"Square-Version": api_version},
            read_error=_read_error,
            refused=_refused,
            pace=Pace(REQUESTS_PER_SECOND),
            credentials_advice="The access token was refused. Check access_token, and that it belongs to"
            " this base_url: Square's sandbox and production have different tokens.",
        )
        self.traffic = self.api.traffic

    def close(self) -> None:
        """Closes the connections."""
        self.api.close()

    def counts(self, window: Window) -> Iterator[Page]:
        """Counts whose calculated_at is after the window's start, newest first.

        A count that vanishes while the pages are read lets those behind it move up, one of them onto a page
        that was read before. There is no total that tells. So a whole read asks for what is held and did not
        come by its object, before anybody takes it for gone.
        """
        path, body = "/v2/inventory/counts/batch-retrieve", self._stock_body(window)
        pages = self._scan(path, body, _read_counts, window.position)

        def ask(objects: Sequence[str]) -> Iterator[Page]:
            for page in self._scan(path, {**body, "catalog_object_ids": objects}, _read_counts, None):
                yield replace(page, position=None)

        yield from with_second_look(pages, window, lambda keys: keys[0], ask, at_once=OBJECTS_AT_ONCE)

    def changes(self, window: Window) -> Iterator[Page]:
        """Changes received after the window's start, oldest occurrence first."""
        path = "/v2/inventory/changes/batch-retrieve"
        return self._scan(path, self._stock_body(window), _read_changes, window.position)

    def catalog_objects(self, window: Window) -> Iterator[Page]:
        """Items, variations, categories and units, deleted ones included."""
        body: dict[str, Any] = {
            "limit": PAGE_LIMIT,
            "object_types": list(CATALOG_TYPES),
            "include_deleted_objects": True,
        }
        if window.after is not None:
            body["begin_time"] = rfc3339(window.after)
        return self._scan("/v2/catalog/search", body, _read_objects, window.position)

    def locations(self, window: Window) -> Iterator[Page]:
        """Every location, inactive ones included; one answer, no paging."""
        answer = self.api.send("GET", "/v2/locations", _read_locations)
        yield Page(answer.body.records, answer.answered_at)

    def _stock_body(self, window: Window) -> dict[str, Any]:
        body: dict[str, Any] = {"limit": PAGE_LIMIT}
        if self._location_ids:
            body["location_ids"] = self._location_ids
        if window.after is not None:
            body["updated_after"] = rfc3339(window.after)
        return body

    def _scan(
        self,
        path: str,
        body: Mapping[str, Any],
        read: Callable[[bytes], Scanned],
        position: Any,
    ) -> Iterator[Page]:
        """A scan; the same body goes with every cursor (changelog 2023-08-02)."""

        def ask(cursor: str | None) -> Answer[Scanned]:
            return self.api.send("POST", path, read, json={**body, "cursor": cursor} if cursor else body)

        return scan(ask, position, self.traffic)


def _reader(
    envelope: type[E],
    member: str,
    to_record: Callable[[msgspec.Raw], Record],
    to_columns: Callable[[Sequence[msgspec.Raw]], Columns] | None = None,
) -> Callable[[bytes], Scanned]:
    decoder = msgspec.json.Decoder(envelope)

    def read(body: bytes) -> Scanned:
        page = decoder.decode(body)
        if page.errors:  # a 200 may carry errors; its data is then not to be trusted (square.md §2.1)
            error = page.errors[0]
            raise BrokenAnswerError(
                f"Status 200 with an error: {error.category} {error.code}.", "Try later.", status=200
            )
        raws: list[msgspec.Raw] = getattr(page, member) or []
        if to_columns is not None:
            return Scanned(columns_or_records(raws, to_columns, to_record), page.cursor)
        return Scanned(records_of(raws, to_record), page.cursor)

    return read


_count = KeyFields(_Count)
_decode_plain_count = msgspec.json.Decoder(_PlainCount).decode
_change = KeyFields(_Change)
_object = KeyFields(_Object)
_location = KeyFields(_Location)


def _count_record(raw: msgspec.Raw) -> Record:
    count = _count(raw)
    payload = bytes(raw)
    return Record(
        (identity(count.catalog_object_id), text(count.location_id), text(count.state)),
        instant(count.calculated_at),
        payload,
        _plain_quantity(payload, count.quantity),
    )


def _count_columns(raws: Sequence[msgspec.Raw]) -> Columns:
    counts = list(map(_decode_plain_count, raws))
    payloads = list(map(bytes, raws))
    contents = {
        number: content
        for number, count in enumerate(counts)
        if "." in count.quantity and (content := _plain_quantity(payloads[number], count.quantity))
    }
    keys = [
        identities([count.catalog_object_id for count in counts]),
        texts([count.location_id for count in counts]),
        texts([count.state for count in counts]),
    ]
    return Columns(keys, instants([count.calculated_at for count in counts]), payloads, contents)


def _change_record(raw: msgspec.Raw) -> Record:
    change = _change(raw)
    entries = (change.physical_count, change.adjustment, change.transfer)
    entry = next((found for found in entries if isinstance(found, dict) and found), {})
    keys = (identity(change.type), identity(entry.get("id")))
    return Record(keys, instant(entry.get("created_at")), bytes(raw))


def _object_record(raw: msgspec.Raw) -> Record:
    catalog_object = _object(raw)
    return Record((identity(catalog_object.id),), instant(catalog_object.updated_at), bytes(raw))


def _location_record(raw: msgspec.Raw) -> Record:
    return Record((identity(_location(raw).id),), None, bytes(raw))


_read_counts = _reader(_Counts, "counts", _count_record, _count_columns)
_read_changes = _reader(_Changes, "changes", _change_record)
_read_objects = _reader(_Objects, "objects", _object_record)
_read_locations = _reader(_Locations, "locations", _location_record)


def _plain_quantity(payload: bytes, quantity: Any) -> bytes | None:
    """The payload with the quantity's trailing zeros dropped: "1.0" after "1" is no change (square.md §9)."""
    if not isinstance(quantity, str) or "." not in quantity:
        return None
    plain = quantity.rstrip("0").rstrip(".")
    return payload.replace(f'"{quantity}"'.encode(), f'"{plain}"'.encode())


def _read_error(body: bytes) -> ProviderWords:
    try:
        error = (msgspec.json.decode(body, type=_Envelope).errors or [_Error()])[0]
    except msgspec.MsgspecError:
        return ProviderWords("", "")
    code = "INVALID_CURSOR" if error.field == "cursor" else error.code
    return ProviderWords(code, error.detail or "")


def _refused(status: int, words: ProviderWords) -> SourceError | None:
    if status == 400 and words.code == "INVALID_CURSOR":
        return CursorExpiredError(
            "400 INVALID_CURSOR. The cursor expired before its next page was requested.",
            "Starting again did not help; try later, when Square answers faster.",
        )
    if status == 403:
        return PermissionDeniedError(
            f"403 {words.code}. The access token may not read this.",
            "Grant the application INVENTORY_READ, ITEMS_READ and MERCHANT_PROFILE_READ.",
        )
    if status == 400 and "VERSION" in words.code:
        return RequestError(f"400 {words.code}. Square does not know this api_version.", "Check api_version.")
    return None
