"""Augno's endpoints over the account's data (augno.md §1, §2, §3, §5)."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from sandbox.augno.data import AugnoData
from sandbox.augno.items import Item
from sandbox.augno.switches import AugnoSwitches
from sandbox.augno.view import ITEM_INCLUDES, QUANTITIES, ItemsView
from sandbox.clock import Clock
from sandbox.json_text import json_bytes
from sandbox.kit import Bucket, Key, ProviderApi, Record, Refusal, place_of, sealed, unsealed
from sandbox.record import Call, Reply

API_KEY = "aug_sk_test_sandbox0000000000000000"
ITEMS = "/v1/catalog/items"
INVENTORY = re.compile(rf"{ITEMS}/([^/]+)/inventory")
LIMIT, MOST = 100, 1000
VERSIONS = tuple(f"1.0.forge-preview.{number}" for number in (1, 2, 3, 4))
NEWEST = {"P1": 1, "P2": 2, "P3": 4}
"""How many of the versions exist at the time of a profile."""
PROFILE_VERSIONS = {"P1": VERSIONS[0], "P2": VERSIONS[1], "P3": VERSIONS[2]}
DOCS = "https://docs.augno.com/api/errors"
CODES = {
    400: "validation_failed",
    401: "invalid_credentials",
    402: "payment_required",
    403: "insufficient_permissions",
    404: "resource_not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    410: "resource_gone",
    422: "validation_failed",
    429: "rate_limit_exceeded",
    502: "external_service_error",
    503: "service_unavailable",
    504: "timeout",
}
"""What a status means when nothing more is known."""
APIKIT_CODES = {"rate_limit_exceeded": "rate_limited", "timeout": "request_timeout"}
TRANSIENT = {408, 429, 500, 502, 503, 504}
BAD_PARAMETER, UNKNOWN_PARAMETER = "parameter_invalid", "parameter_unknown"


class AugnoApi(ProviderApi):
    """Answers Augno's requests."""

    def __init__(
        self, data: AugnoData, switches: AugnoSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = switches
        self._clock = clock
        self._address = address
        self._view = ItemsView(data, switches)
        self._bucket = Bucket()
        self._inventory_calls = 0

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told; the key works while `key_state` is valid. The sandbox answers faster
        than the 20 requests per second that Augno takes."""
        return {
            "api_key": API_KEY,
            "api_version": PROFILE_VERSIONS[self.switches.profile],
            "account_id": self.data.account_id,
            "requests_per_second": "1000",
        }

    def route(self, call: Call) -> Reply:
        """One answer."""
        rate = self.switches.requests_per_second
        wait = self._bucket.wait(rate, max(1.0, rate or 1.0))
        if wait:
            raise Refusal(429, "Too many requests.", headers={"Retry-After": str(math.ceil(wait))})
        self._check_caller(call)
        found = INVENTORY.fullmatch(call.path)
        if call.path != ITEMS and found is None:
            raise Refusal(404, "There is no such endpoint.")
        if call.method != "GET":
            raise Refusal(405, f"{call.method} is not allowed here.")
        return self._items(call) if found is None else self._inventory(call, found[1])

    def worded(self, refusal: Refusal) -> bytes:
        """The body of a refusal, in the dialect of the moment."""
        status = refusal.status
        code = refusal.code or CODES.get(status, "internal_error")
        error: Record = {
            "code": code,
            "type": "api_error" if status >= 500 else "invalid_request_error",
            "message": refusal.message,
            "param": refusal.field or None,
            "doc_url": f"{DOCS}#{code}",
            "is_transient": status in TRANSIENT,
        }
        if self.switches.error_dialect == "classic":
            quota = {"limit": 1000, "used": 1000, "reset_at": "2026-02-01T00:00:00Z"}
            error |= {"quota": quota if code == "limit_exceeded" else None, "request_log_url": None}
        else:
            error["errors"] = []
            if status == 422:
                error["errors"] = [{"code": code, "param": refusal.field, "message": refusal.message}]
                code = CODES[422]
            error["code"] = code = APIKIT_CODES.get(code, code)
            error["doc_url"] = f"{DOCS}#{code}"
        if self.switches.sparse_errors:
            error = {name: error[name] for name in ("code", "message")}
        return json_bytes({"error": error})

    def records(self, resource: str) -> Iterator[tuple[Key, bytes]]:
        """Every record of a resource as it would be served now, with its key.

        `items` come with category, unit group, base unit, cost and value filled in. `item_inventory` is the
        answer with all four quantities; where ids are fresh at every call (`fresh_quantity_ids`) and values
        are padded by chance (`padded_values`), a caller gets other ids and other spellings of the same.
        """
        match resource:
            case "items":
                for item in self.data.live():
                    yield (item.id,), self._view.render(item, ITEM_INCLUDES)
            case "item_inventory":
                for item in self.data.live():
                    shown = self._view.inventory(item, self._includable(), is_served=False)
                    yield (item.id,), json_bytes(shown)
            case _:
                raise KeyError(resource)

    # Routes

    def _items(self, call: Call) -> Reply:
        included = self._included(call, ITEM_INCLUDES, {"limit", "cursor"})
        rows = self._view.places()
        start, number = 0, 1
        if "cursor" in call.query:
            state = self._opened(call.query["cursor"])
            after = tuple(state["after"])
            start = place_of(rows, lambda place: place < after)
            number = state["number"] + 1
        limit = self._limit(call)
        page = rows[start : start + limit]
        following = None
        if start + limit < len(rows):
            made = {"after": page[-1], "number": number, "at": self._clock.now().timestamp()}
            following = self._link(call, sealed(made))
        shown = [self._view.render(self.data.items[place[1]], included) for place in page]
        info = json_bytes(self._view.page_info(following, number > 1))
        body = b'{"object":"list","data":[' + b",".join(shown) + b'],"page_info":' + info + b"}"
        if self.switches.after_page is not None:
            self.switches.after_page(number)
        return Reply(200, body, len(shown))

    def _inventory(self, call: Call, item_id: str) -> Reply:
        included = self._included(call, self._includable(), set())
        answer = json_bytes(self._view.inventory(self._item(item_id), included))
        self._inventory_calls += 1
        if self.switches.after_item is not None:
            self.switches.after_item(self._inventory_calls)
        return Reply(200, answer, 1)

    def _includable(self) -> Sequence[str]:
        return QUANTITIES if self.switches.short_includable else QUANTITIES[:-1]

    def _item(self, item_id: str) -> Item:
        item = self.data.items.get(item_id)
        if item is None:
            raise Refusal(404, f"There is no item {item_id}.")
        if item.deleted_at is not None:
            raise Refusal(self.switches.deleted_status, f"There is no item {item_id} any more.")
        return item

    # Pages

    def _limit(self, call: Call) -> int:
        text = call.query.get("limit", str(LIMIT))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
            raise self._bad("limit", f"limit must be an integer from 1 to {MOST}.")
        return min(int(text), self.switches.page_rows or MOST)

    def _opened(self, cursor: str) -> dict[str, Any]:
        state = unsealed(cursor)
        is_refused = state is not None and self.switches.refuse_next_cursors > 0
        self.switches.refuse_next_cursors -= is_refused
        lives = self.switches.cursor_seconds
        now = self._clock.now().timestamp()
        if state is None or is_refused or (lives is not None and now - state["at"] >= lives):
            raise self._bad("cursor", "The cursor is not valid.", status=self.switches.bad_cursor_status)
        return state

    def _link(self, call: Call, cursor: str) -> str:
        """The next page's URL: the request's parameters with another cursor. P1 gives the cursor alone."""
        if self.switches.profile == "P1":
            return cursor
        params = [(name, value) for name, value in call.params if name != "cursor"]
        url = f"{call.path}?{urlencode([*params, ('cursor', cursor)])}"
        return f"{self._address()}{url}" if self.switches.page_urls == "absolute" else url

    # Checks

    def _included(self, call: Call, allowed: Sequence[str], known: set[str]) -> frozenset[str]:
        """What a request wants filled in: `include[]=a&include[]=b`.

        Raises:
            Refusal: there is no such thing, or a parameter that is not known.
        """
        asked = []
        for name, value in call.params:
            if name == "include[]":
                asked.append(value)
            elif name not in known:
                raise self._bad(name, f"{name} is not a parameter of this endpoint.", code=UNKNOWN_PARAMETER)
        for value in asked:
            if value not in allowed:
                message = f"{value} cannot be included; allowed are {', '.join(allowed)}."
                raise self._bad("include[]", message)
        return frozenset(asked)

    def _bad(self, name: str, message: str, *, code: str = BAD_PARAMETER, status: int = 400) -> Refusal:
        """The refusal of a parameter, with the dialect's status."""
        is_apikit = self.switches.error_dialect == "apikit"
        if status == 400 and is_apikit:
            status = self.switches.apikit_parameter_status
        return Refusal(status, message, code=code, field=name)

    def _check_caller(self, call: Call) -> None:
        switches = self.switches
        if call.headers.get("authorization") != f"Bearer {API_KEY}":
            raise Refusal(401, "The API key is not valid.")
        if switches.key_state != "valid":
            raise Refusal(401, f"The API key is {switches.key_state}.", code=f"api_key_{switches.key_state}")
        spellings = ("augno", "openmrp") if switches.header_names == "both" else (switches.header_names,)
        self._check_version(_header(call, [f"{name}-version" for name in spellings]))
        accounts = [f"{name}-account{end}" for name in spellings for end in ("", "-id")]
        account = _header(call, accounts)
        if account is None and switches.account_header_required:
            raise Refusal(401, "The request names no account.")
        if account not in (None, self.data.account_id):
            raise Refusal(switches.wrong_account_status, "The account is not yours.")
        if switches.refuse_all != "no":
            status = 402 if switches.refuse_all == "payment_required" else 403
            raise Refusal(status, "Not on this plan.", code=switches.refuse_all)
        if not switches.items_read:
            raise Refusal(403, "The role behind the key has no items:read.")

    def _check_version(self, version: str | None) -> None:
        profile = self.switches.profile
        if version is None:
            raise Refusal(400, "The header with the version is required.", code="api_version_required")
        if version not in VERSIONS[: NEWEST[profile]]:
            raise Refusal(400, f"{version} is not a version.", code="api_version_invalid")
        if version < PROFILE_VERSIONS[profile] and self.switches.old_versions == "too_old":
            raise Refusal(400, f"{version} is too old for this endpoint.", code="api_version_too_old")


def _header(call: Call, names: Sequence[str]) -> str | None:
    return next((call.headers[name] for name in names if name in call.headers), None)
