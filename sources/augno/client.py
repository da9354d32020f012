"""Augno over HTTP: the list of items, and one inventory call for each of them, side by side.

Usable alone: `AugnoClient(url, key).items(Window())` yields pages.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from sources._shared.auth import BearerAuth
from sources._shared.cursors import Scanned, scan
from sources._shared.errors import (
    CursorExpiredError,
    NotFoundError,
    PermissionDeniedError,
    RequestError,
    SourceError,
)
from sources._shared.http import Answer, ApiClient, ProviderWords
from sources._shared.mark import Window
from sources._shared.pace import shared_pace
from sources._shared.prefetch import in_order
from sources._shared.records import KeyFields, Page, Record, identity, instant, records_of, unreadable
from sources._shared.redaction import Redactor
from sources.augno.settings import (
    API_VERSION,
    ITEM_PARTS,
    PAGE_LIMIT,
    QUANTITIES,
    REQUESTS_PER_SECOND,
)

ITEMS = "/v1/catalog/items"
CALLS_PER_PAGE = 100
"""Inventory calls that make one page: what a broken-off read has to ask for again at most."""
FEW = 10
"""Items. Of fewer, all may well be deleted between the list and the calls."""


class _PageInfo(msgspec.Struct):
    next_page_url: str | None = None
    next_cursor: str | None = None


class _Items(msgspec.Struct):
    data: list[msgspec.Raw]
    page_info: _PageInfo


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""
    param: str | None = None


class _Errors(msgspec.Struct):
    error: _Error | None = None


# Keys, clocks and numbers only, of any type: what a record holds beside them is nobody's business here.
class _Item(msgspec.Struct):
    id: Any = None
    updated_at: Any = None


class _Inventory(msgspec.Struct):
    object: Any = None
    on_hand: Any = None
    reserved: Any = None
    available_to_promise: Any = None
    short: Any = None


class AugnoClient:
    """One Augno account.

    Args:
        base_url: the host.
        account_id: the account to read, where the key's user belongs to several.
        requests_per_second: how fast to ask; the lowest of all clients of this host holds.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        api_version: str = API_VERSION,
        account_id: str | None = None,
        requests_per_second: float = REQUESTS_PER_SECOND,
    ) -> None:
        # Both names of the product, because nobody says how long the old one is heard.
        headers = {"Augno-Version": api_version, "OpenMRP-Version": api_version}
        if account_id:
            names = ("Augno-Account", "Augno-Account-ID", "OpenMRP-Account")
            headers.update(dict.fromkeys(names, account_id))
        self.api = ApiClient(
            base_url,
            auth=BearerAuth(api_key),
            redactor=Redactor(api_key),
            headers=headers,
            read_error=_read_error,
            refused=_refused,
            pace=shared_pace(base_url, requests_per_second),
            credentials_advice="The API key was refused: check api_key, and that it has neither expired nor"
            " been revoked.",
        )
        self.traffic = self.api.traffic
        self._quantities: tuple[str, ...] = QUANTITIES

    def close(self) -> None:
        """Closes the connections."""
        self.api.close()

    def items(self, window: Window) -> Iterator[Page]:
        """Every item, newest first.

        Of `next_page_url` only the cursor is taken: it does not remember filters, and may be of any host.
        """
        params = [("limit", str(PAGE_LIMIT)), *(("include[]", part) for part in ITEM_PARTS)]

        def ask(cursor: str | None) -> Answer[Scanned]:
            more = [("cursor", cursor)] if cursor else []
            return self.api.send("GET", ITEMS, _read_items, params=[*params, *more])

        # What becomes of a refused cursor is not documented: 404 may be its answer too (augno.md §3).
        return scan(ask, window.position, self.traffic, died=(CursorExpiredError, NotFoundError))

    def item_inventory(self, window: Window) -> Iterator[Page]:
        """The stock of every listed item, a call each. An item deleted since it was listed has none."""
        ids = [keys[0] for keys in window.parents if keys not in window.read_before]
        answers = in_order(self._inventory, ids)
        gone = 0
        for start in range(0, len(ids), CALLS_PER_PAGE):
            found: list[Answer[Record]] = []
            error: SourceError | None = None
            try:
                for answer in islice(answers, min(CALLS_PER_PAGE, len(ids) - start)):
                    if answer is None:
                        gone += 1
                    else:
                        found.append(answer)
            except SourceError as met:
                error = met  # what came before it is kept
            clocks = [answer.answered_at for answer in found if answer.answered_at is not None]
            yield Page([answer.body for answer in found], min(clocks, default=None))
            if error is not None:
                raise error
        if len(ids) >= FEW and gone * 2 > len(ids):
            raise NotFoundError(
                f"404 for {gone} of {len(ids)} items that were just listed.",
                "So many are not deleted in a moment: check base_url and api_version.",
            )

    def _inventory(self, item: str) -> Answer[Record] | None:
        while True:
            quantities = self._quantities
            params = [("include[]", name) for name in quantities]
            try:
                return self.api.send(
                    "GET",
                    f"{ITEMS}/{_path_part(item)}/inventory",
                    lambda body: _inventory_record(item, body),
                    params=params,
                )
            except NotFoundError:
                return None
            except _UnknownQuantityError:
                # `short` is not in the seed's list of what can be included; staging works it out then.
                if "short" not in quantities:
                    raise
                self._quantities = QUANTITIES[:-1]


def _path_part(item: str) -> str:
    """An id as one part of a path, whatever is in it; dots too, because `..` would lead out of it."""
    return quote(item, safe="").replace(".", "%2E")


class _UnknownQuantityError(RequestError):
    """One of the quantities cannot be asked for."""


_decode_items = msgspec.json.Decoder(_Items).decode
_item = KeyFields(_Item)
_inventory = KeyFields(_Inventory)


def _read_items(body: bytes) -> Scanned:
    page = _decode_items(body)
    return Scanned(records_of(page.data, _item_record), _cursor(page.page_info))


def _cursor(info: _PageInfo) -> str | None:
    """The next page's cursor, as preview.2 and as preview.1 tell it."""
    if not info.next_page_url:
        return info.next_cursor or None
    found = parse_qs(urlsplit(info.next_page_url).query).get("cursor")
    if not found:
        raise msgspec.ValidationError("next_page_url without a cursor")
    return found[0]


def _item_record(raw: msgspec.Raw) -> Record:
    item = _item(raw)
    return Record((identity(item.id),), instant(item.updated_at), bytes(raw))


def _inventory_record(item: str, body: bytes) -> Record:
    """The answer as it is. What counts as a change are the four numbers: ids are fresh in every answer, and
    zeros pad the same number now and then (augno.md §4, §9)."""
    raw = msgspec.json.decode(body, type=msgspec.Raw)
    try:
        found = _inventory(raw)
        if found.object != "item_inventory":
            raise msgspec.ValidationError("it is not an item_inventory")
    except msgspec.ValidationError as error:
        return unreadable(body, error, (item,))
    numbers = [getattr(found, name) for name in QUANTITIES]
    values = [one.get("value") if isinstance(one, dict) else one for one in numbers]
    content = ";".join(
        "" if one is None else _plain(value) for one, value in zip(numbers, values, strict=True)
    )
    return Record((item,), None, body, content.encode())


def _plain(value: Any) -> str:
    """A decimal without what does not change it: padded zeros, a sign on zero, an exponent."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    digits = format(number, "f")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if digits in ("-0", "") else digits


def _read_error(body: bytes) -> ProviderWords:
    try:
        error = msgspec.json.decode(body, type=_Errors).error or _Error()
    except msgspec.MsgspecError:
        return ProviderWords("", "")
    return ProviderWords(error.code, " ".join(filter(None, [error.message, error.param])))


def _refused(status: int, words: ProviderWords) -> SourceError | None:
    said = f" The provider says: {words.detail.rstrip('.')}." if words.detail else ""
    what = f"{status} {words.code}.{said}"
    if status in (404, 410):
        return NotFoundError(what, "Check base_url.")
    if status == 402:
        return PermissionDeniedError(what, "Augno asks for a payment; see the account's billing.")
    if status == 403:
        return PermissionDeniedError(
            what, "Give the role behind the API key items:read, and check account_id."
        )
    if "version" in words.code:
        return RequestError(what, "Check api_version.")
    if status in (400, 422) and "cursor" in words.detail:
        return CursorExpiredError(what, "The list was started again without success; try later.")
    if status in (400, 422) and "include" in words.detail:
        return _UnknownQuantityError(what, "Check api_version.")
    return None
