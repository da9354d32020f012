"""Square's endpoints over the seller's data (square.md §2, §3, §5)."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.json_text import json_bytes
from sandbox.record import Call, Reply
from sandbox.square.answers import Refusal, checked_body, failure, moment, texts
from sandbox.square.data import UNTRACKED_STATES, Record, SquareData, spell
from sandbox.square.pages import Pages
from sandbox.square.switches import SquareSwitches
from sandbox.square.view import CountsView

TOKEN = "sandbox-square-token"
NEW_CHANGES_FROM = "2026-07-15"
LATEST_VERSION = "2026-09-16"
VERSIONS = ("2024-01-18", "2025-08-20", "2026-07-15", "2026-08-19", LATEST_VERSION)
CATALOG_LIST_ROWS = 100
LISTED_TYPES = ("ITEM", "CATEGORY", "MEASUREMENT_UNIT")
"""GET /v2/catalog/list leaves variations out unless asked for: they come inside their items."""
STOCK_MEMBERS = {"catalog_object_ids", "location_ids", "states", "updated_after", "cursor", "limit"}
CHANGES_MEMBERS = STOCK_MEMBERS | {"types", "updated_before"}
SEARCH_MEMBERS = {
    "object_types",
    "include_deleted_objects",
    "include_related_objects",
    "begin_time",
    "cursor",
    "limit",
}


class SquareApi:
    """Answers Square's requests."""

    base_path = ""

    def __init__(
        self, data: SquareData, switches: SquareSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = switches
        self._clock = clock
        self._view = CountsView(data, switches, clock)
        self._pages = Pages(switches, clock)
        self._bucket = (0.0, time.monotonic())

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told; the token works while `token_state` is valid."""
        return {"access_token": TOKEN}

    def answer(self, call: Call) -> Reply:
        """One answer."""
        routes: Mapping[tuple[str, str], tuple[str, Callable[[Call], Reply]]] = {
            ("POST", "/v2/inventory/counts/batch-retrieve"): ("INVENTORY_READ", self._counts),
            ("POST", "/v2/inventory/changes/batch-retrieve"): ("INVENTORY_READ", self._changes),
            ("POST", "/v2/catalog/search"): ("ITEMS_READ", self._catalog_search),
            ("GET", "/v2/catalog/list"): ("ITEMS_READ", self._catalog_list),
            ("GET", "/v2/locations"): ("MERCHANT_PROFILE_READ", self._locations),
        }
        version = _version(call)
        try:
            self._check_rate()
            self._check_token(call)
            if version not in VERSIONS:
                code = "INVALID_SQUARE_VERSION_FORMAT"
                raise Refusal(400, code, f"{version} is not a version.", "Square-Version")
            scope, route = routes.get((call.method, call.path), ("", _not_found))
            if scope in self.switches.missing_scopes:
                raise Refusal(403, "INSUFFICIENT_SCOPES", f"The merchant has not given {scope}.")
            reply = route(call)
        except Refusal as refusal:
            reply = Reply(refusal.status, json_bytes({"errors": [refusal.error]}))
            if refusal.status == 429 and self.switches.retry_after is not None:
                reply.headers["Retry-After"] = self.switches.retry_after
        else:
            reply.headers["Square-Version"] = version
        return reply

    def failure(self, status: int) -> bytes:
        """The body of a failure that the sandbox was told to have."""
        return failure(status)

    def truth(self, resource: str) -> dict[tuple[str, ...], Record]:
        """Every record of a resource as it would be served now, by key.

        Raises:
            KeyError: there is no such resource.
        """
        match resource:
            case "inventory_counts":
                return self._view.truth()
            case "inventory_changes":
                changes = (_change(entry, LATEST_VERSION) for entry in self.data.changes)
                return {(c["type"], c[c["type"].lower()]["id"]): c for c in changes if c is not None}
            case "catalog_objects":
                return {(object_id,): self.data.nested(object_id) for object_id in self.data.objects}
            case "locations":
                return {(location_id,): found for location_id, found in self.data.locations.items()}
        raise KeyError(resource)

    # Routes

    def _counts(self, call: Call) -> Reply:
        body = checked_body(call.body, STOCK_MEMBERS)
        states = texts(body, "states") - UNTRACKED_STATES
        objects, locations = texts(body, "catalog_object_ids"), texts(body, "location_ids")
        places = self._view.places(moment(body, "updated_after"))
        if objects or locations or states:
            places = [
                place
                for place in places
                if (not objects or place[1] in objects)
                and (not locations or place[2] in locations)
                and (not states or place[3] in states)
            ]
        page = self._pages.cut(call.path, body, places, lambda place: place)
        rows = [self._view.render(place[1:]) for place in page.rows]
        reply = self._reply("counts", rows, page.cursor)
        if self.switches.after_page is not None:
            self.switches.after_page(page.number)
        return reply

    def _changes(self, call: Call) -> Reply:
        body = checked_body(call.body, CHANGES_MEMBERS)
        found = sorted(self._asked_changes(body, _version(call)), key=lambda row: row[:2])
        page = self._pages.cut(call.path, body, found, lambda row: row[:2])
        return self._reply("changes", [json_bytes(change) for _, _, change in page.rows], page.cursor)

    def _asked_changes(self, body: Mapping[str, Any], version: str) -> Iterator[tuple[str, str, Record]]:
        objects, locations = texts(body, "catalog_object_ids"), texts(body, "location_ids")
        states = texts(body, "states")
        types = texts(body, "types") or {"PHYSICAL_COUNT", "ADJUSTMENT"}
        if "TRANSFER" in types:
            raise Refusal(400, "INVALID_ENUM_VALUE", "TRANSFER cannot be asked for.", "types")
        after, before = moment(body, "updated_after"), moment(body, "updated_before")
        for entry in self.data.changes:
            received = datetime.fromisoformat(entry["created_at"])
            is_on_time = received == after and self.switches.updated_after_inclusive
            if after is not None and received <= after and not is_on_time:
                continue
            if before is not None and received >= before:
                continue
            change = _change(entry, version)
            places = {entry.get(name) for name in ("location_id", "from_location_id", "to_location_id")}
            if change is None or change["type"] not in types:
                continue
            inner = change.get("adjustment", {})  # states only filter adjustments (square.md §2.3)
            if states and inner and not states & {inner["from_state"], inner["to_state"]}:
                continue
            if (not objects or entry["catalog_object_id"] in objects) and (
                not locations or places & locations
            ):
                yield entry["occurred_at"], entry["id"], change

    def _catalog_search(self, call: Call) -> Reply:
        body = checked_body(call.body, SEARCH_MEMBERS)
        types = texts(body, "object_types")
        after = moment(body, "begin_time")
        deleted = bool(body.get("include_deleted_objects"))
        found = sorted(
            object_id
            for object_id, record in self.data.objects.items()
            if (not types or record["type"] in types)
            # With begin_time, deleted objects come whatever is asked (forum 23637).
            and (deleted or after is not None or not record["is_deleted"])
            and (after is None or datetime.fromisoformat(record["updated_at"]) > after)
        )
        page = self._pages.cut(call.path, body, found, lambda found: (found,), strict_limit=False)
        extra: dict[str, Any] = {"latest_time": spell(self._clock.now())}
        if body.get("include_related_objects"):
            extra["related_objects"] = []
        return self._reply(
            "objects", [json_bytes(self.data.nested(found)) for found in page.rows], page.cursor, extra
        )

    def _catalog_list(self, call: Call) -> Reply:
        types = {name.strip().upper() for name in call.query.get("types", ",".join(LISTED_TYPES)).split(",")}
        found = sorted(
            object_id
            for object_id, record in self.data.objects.items()
            if record["type"] in types and not record["is_deleted"]
        )
        body = {"limit": CATALOG_LIST_ROWS, "types": sorted(types), "cursor": call.query.get("cursor")}
        page = self._pages.cut(call.path, body, found, lambda found: (found,))
        return self._reply(
            "objects", [json_bytes(self.data.nested(found)) for found in page.rows], page.cursor
        )

    def _locations(self, call: Call) -> Reply:
        found = sorted(self.data.locations.values(), key=lambda location: str(location["name"]))
        return self._reply("locations", [json_bytes(location) for location in found], None)

    # Checks

    def _check_token(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "UNAUTHORIZED", "This request could not be authorized.")
        if self.switches.token_state != "valid":
            state = self.switches.token_state.upper()
            raise Refusal(401, f"ACCESS_TOKEN_{state}", f"The access token is {state.lower()}.")

    def _check_rate(self) -> None:
        rate = self.switches.requests_per_second
        if rate is None:
            return
        level, then = self._bucket
        now = time.monotonic()
        level = max(0.0, level - (now - then) * rate)
        if level + 1 > 2 * rate:
            self._bucket = (level, now)
            raise Refusal(429, "RATE_LIMITED", "Too many requests.")
        self._bucket = (level + 1, now)

    # Parts

    def _reply(
        self, member: str, rows: Sequence[bytes], cursor: str | None, extra: Mapping[str, Any] | None = None
    ) -> Reply:
        parts = []
        if rows or not self.switches.missing_key_when_empty:
            parts.append(f'"{member}":['.encode() + b",".join(rows) + b"]")
        if cursor:
            parts.append(f'"cursor":"{cursor}"'.encode())
        if self.switches.errors_on_success:
            parts.append(b'"errors":[]')
        parts += [f'"{name}":'.encode() + json_bytes(value) for name, value in (extra or {}).items()]
        return Reply(200, b"{" + b",".join(parts) + b"}", len(rows))


def _version(call: Call) -> str:
    return call.headers.get("square-version", LATEST_VERSION)


def _not_found(call: Call) -> Reply:
    raise Refusal(404, "NOT_FOUND", "Resource not found.")


def _change(entry: Record, version: str) -> Record | None:
    """A ledger entry in the shape of an API version; None where that version does not show it."""
    inner = {name: value for name, value in entry.items() if name != "kind"}
    kind = entry["kind"]
    is_new = version >= NEW_CHANGES_FROM
    if kind == "TRANSFER":
        if not is_new:
            return None  # cannot be asked for (square.md §2.3)
        state = inner.pop("state")
        inner.update(from_state=state, to_state=state)
        kind = "ADJUSTMENT"
    elif kind == "ADJUSTMENT" and is_new:
        location = inner.pop("location_id")
        inner.update(from_location_id=location, to_location_id=location)
    return {"type": kind, kind.lower(): inner}
