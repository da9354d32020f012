"""Ventmere S2 over HTTP: one call, one document, everything in it.

Usable alone: `VentmereS2Client("https://api.s2sell.io", access_token="...").warehouses(Window())`.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from sources._shared.auth import BearerAuth, LoginAuth, Token
from sources._shared.http import Answer, ApiClient, ProviderWords
from sources._shared.mark import Window
from sources._shared.records import KeyFields, Page, Record, identity, instant, records_of
from sources._shared.redaction import Redactor
from sources.ventmere_s2.settings import OVERVIEW_PATH

READ_TIMEOUT = 180.0
"""Seconds. A large organisation's overview is some 60 MB made in one go (ventmere_s2.md §3)."""

CREDENTIALS_ADVICE = (
    "Check access_token (it lives 7 days) or email and password, and that organization_id is one of the"
    " user's own."
)


class _Overview(msgspec.Struct):
    # All three are required: an answer without one of them is broken, not empty.
    warehouses: list[msgspec.Raw]
    products: list[msgspec.Raw]
    items: list[msgspec.Raw]


class _Identified(msgspec.Struct):
    id: Any = None
    updatedAt: Any = None  # noqa: N815  the provider's spelling


class _Item(msgspec.Struct):
    level: Any = None
    warehouseId: Any = None  # noqa: N815


class _Snapshot(msgspec.Struct):
    warehouses: list[Record]
    products: list[Record]
    items: list[Record]


class VentmereS2Client:
    """One S2 organisation, seen by one user.

    The overview is fetched on first use and kept, so that the three resources come from one moment; who asks
    for the same a second time reads anew.

    Args:
        access_token: a fixed token; without it, email and password are used to log in.
        organization_id: sent as X-S2-Organization where given.
    """

    def __init__(
        self,
        base_url: str,
        *,
        access_token: str = "",
        email: str = "",
        password: str = "",
        login_path: str = "/login",
        organization_id: str = "",
    ) -> None:
        redactor = Redactor(access_token, email, password)
        self._credentials = {"email": email, "password": password}
        self._login_path = login_path
        auth: httpx.Auth = BearerAuth(access_token)
        if not access_token:
            auth = LoginAuth(self._login_request, self._logged_in, redactor.hide)
        self.api = ApiClient(
            base_url,
            auth=auth,
            redactor=redactor,
            headers={"X-S2-Organization": organization_id} if organization_id else {},
            read_error=_read_error,
            read_timeout=READ_TIMEOUT,
            credentials_advice=CREDENTIALS_ADVICE,
        )
        self.traffic = self.api.traffic
        self._overview: Answer[_Snapshot] | None = None
        self._given: set[str] = set()

    def close(self) -> None:
        """Closes the connections; what was fetched stays."""
        self.api.close()

    def warehouses(self, window: Window) -> Iterator[Page]:
        """Every warehouse of the organisation."""
        return self._page("warehouses")

    def products(self, window: Window) -> Iterator[Page]:
        """Every product of the organisation."""
        return self._page("products")

    def inventory_items(self, window: Window) -> Iterator[Page]:
        """Every stock level: one per warehouse and product that ever had one."""
        return self._page("items")

    def _page(self, part: str) -> Iterator[Page]:
        if self._overview is None or part in self._given:
            self._given.clear()
            self._overview = self.api.send("GET", OVERVIEW_PATH, _read_overview)
        self._given.add(part)
        yield Page(getattr(self._overview.body, part), self._overview.answered_at)

    def _login_request(self) -> httpx.Request:
        return self.api.build_request("POST", self._login_path, json=self._credentials)

    def _logged_in(self, response: httpx.Response) -> Token:
        return self.api.read_login(
            response,
            _token,
            credentials_advice="Check email, password and login_path.",
            address_advice="Check base_url and login_path, and email and password.",
        )


_decode_overview = msgspec.json.Decoder(_Overview).decode
_identified = KeyFields(_Identified)
_item = KeyFields(_Item)


def _read_overview(body: bytes) -> _Snapshot:
    overview = _decode_overview(body)
    return _Snapshot(
        records_of(overview.warehouses, _identified_record),
        records_of(overview.products, _identified_record),
        records_of(overview.items, _item_record),
    )


def _identified_record(raw: msgspec.Raw) -> Record:
    found = _identified(raw)
    return Record((identity(found.id),), instant(found.updatedAt), bytes(raw))


def _item_record(raw: msgspec.Raw) -> Record:
    item = _item(raw)
    level = item.level if isinstance(item.level, dict) else {}
    keys = (identity(item.warehouseId), identity(level.get("productId")))
    return Record(keys, instant(level.get("updatedAt")), bytes(raw))


def _token(body: bytes) -> Token:
    """The token of a login's answer. Its member's name is not documented, so the usual ones are tried."""
    answer = msgspec.json.decode(body, type=dict[str, Any])
    names = ("accessToken", "access_token", "token")
    return Token.told(next((answer[name] for name in names if isinstance(answer.get(name), str)), None))


def _read_error(body: bytes) -> ProviderWords:
    """S2 documents one member, `message`; it may hold a reference id for support."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return ProviderWords("", "")
    message = answer.get("message")
    return ProviderWords("", message if isinstance(message, str) else "")
