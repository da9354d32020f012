"""Ventmere S2 over HTTP: one call, one document, everything in it.

Usable alone: `VentmereS2Client("https://api.s2sell.io", access_token="...").warehouses(Window())`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import msgspec

from sources._shared.auth import BearerAuth, LoginAuth, Token
from sources._shared.errors import CredentialsError, SourceError
from sources._shared.http import Answer, ApiClient, ProviderWords
from sources._shared.mark import Window
from sources._shared.redaction import Redactor
from sources._shared.rows import Page, Record, identity, instant
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


class _Level(msgspec.Struct):
    productId: Any = None  # noqa: N815
    updatedAt: Any = None  # noqa: N815


class _Item(msgspec.Struct):
    level: _Level
    warehouseId: Any = None  # noqa: N815


class _Snapshot(msgspec.Struct):
    warehouses: list[Record]
    products: list[Record]
    items: list[Record]


class VentmereS2Client:
    """One S2 organisation, seen by one user.

    The overview is fetched on first use and kept, so that the three resources come from one moment; a new
    client reads anew.

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
            auth = LoginAuth(self._login_request, _read_token, redactor.hide)
        self.api = ApiClient(
            base_url,
            auth=auth,
            redactor=redactor,
            headers={"X-S2-Organization": organization_id} if organization_id else {},
            read_error=_read_error,
            read_timeout=READ_TIMEOUT,
            credentials_advice=CREDENTIALS_ADVICE,
        )
        self.tally = self.api.tally
        self._overview: Answer[_Snapshot] | None = None

    def close(self) -> None:
        """Closes the connections; what was fetched stays."""
        self.api.close()

    def warehouses(self, window: Window) -> Iterator[Page]:
        """Every warehouse of the organisation."""
        return self._page(lambda snapshot: snapshot.warehouses)

    def products(self, window: Window) -> Iterator[Page]:
        """Every product of the organisation."""
        return self._page(lambda snapshot: snapshot.products)

    def inventory_items(self, window: Window) -> Iterator[Page]:
        """Every stock level: one per warehouse and product that ever had one."""
        return self._page(lambda snapshot: snapshot.items)

    def _page(self, part: Callable[[_Snapshot], list[Record]]) -> Iterator[Page]:
        if self._overview is None:
            self._overview = self.api.send("GET", OVERVIEW_PATH, _read_overview)
        yield Page(part(self._overview.body), self._overview.answered_at)

    def _login_request(self) -> httpx.Request:
        return self.api.build_request("POST", self._login_path, json=self._credentials)


_decode_overview = msgspec.json.Decoder(_Overview).decode
_decode_identified = msgspec.json.Decoder(_Identified).decode
_decode_item = msgspec.json.Decoder(_Item).decode


def _read_overview(body: bytes) -> _Snapshot:
    overview = _decode_overview(body)
    return _Snapshot(
        [_identified_record(raw) for raw in overview.warehouses],
        [_identified_record(raw) for raw in overview.products],
        [_item_record(raw) for raw in overview.items],
    )


def _identified_record(raw: msgspec.Raw) -> Record:
    found = _decode_identified(raw)
    return Record((identity(found.id),), instant(found.updatedAt), bytes(raw))


def _item_record(raw: msgspec.Raw) -> Record:
    item = _decode_item(raw)
    keys = (identity(item.warehouseId), identity(item.level.productId))
    return Record(keys, instant(item.level.updatedAt), bytes(raw))


def _read_token(response: httpx.Response) -> Token:
    """The token of a login's answer. Its member's name is not documented, so the usual ones are tried."""
    if response.status_code != httpx.codes.OK:
        raise _login_refused(response.status_code)
    answer: Mapping[str, Any] = {}
    try:
        answer = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise _login_refused(response.status_code) from None
    for name in ("accessToken", "access_token", "token"):
        if isinstance(answer.get(name), str):
            return Token(str(answer[name]))
    raise _login_refused(response.status_code)


def _login_refused(status: int) -> SourceError:
    return CredentialsError(
        f"The login answered {status} and no token.",
        "Check email, password and login_path.",
        status=status,
    )


def _read_error(body: bytes) -> ProviderWords:
    """S2 documents one member, `message`; it may hold a reference id for support."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return ProviderWords("", "")
    message = answer.get("message")
    return ProviderWords("", message if isinstance(message, str) else "")
