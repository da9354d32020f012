"""ShipStream's endpoints over the 3PL's data (shipstream.md §1, §2, §5)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any

from sandbox.clock import Clock
from sandbox.record import Call, Reply
from sandbox.shipstream import tokens
from sandbox.shipstream.answers import Refusal, json_text
from sandbox.shipstream.data import ShipStreamData
from sandbox.shipstream.filters import matching
from sandbox.shipstream.limits import Limits
from sandbox.shipstream.listings import (
    LEVEL_FIELDS,
    MERCHANTS,
    PRODUCT_BASICS,
    PRODUCT_FIELDS,
    TOTALS,
    WAREHOUSE_LEVELS,
    WAREHOUSES,
    Listing,
)
from sandbox.shipstream.pages import Order, Page, cut, in_order, link, read_integer, read_order
from sandbox.shipstream.products import Product, Record
from sandbox.shipstream.switches import ShipStreamSwitches
from sandbox.shipstream.view import Level, View

LATEST_VERSION = "2025-10"
VERSIONS = ("2024-04", "2025-03", LATEST_VERSION)
VERSION_HEADER = "X-ShipStream-API-Version"
KEPT_SORTS = 32
LEVEL_BASICS = {"type", "product", "warehouse", "warehouse_id", "updated_at"}


class ShipStreamApi:
    """Answers ShipStream's requests."""

    base_path = "/api/global"

    def __init__(
        self, data: ShipStreamData, switches: ShipStreamSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = data.switches = switches
        self._clock = clock
        self._address = address
        self._limits = Limits(switches)
        self._view = View(data, switches)
        self._sorted: dict[tuple[Any, ...], list[Any]] = {}
        self._sorted_in: tuple[Any, ...] = ()

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told; the token is made under the switches of this moment."""
        now, days = self._clock.now(), self.switches.token_days
        ends = None if days is None else now + timedelta(days=days)
        audience = self.switches.token_audience
        token = tokens.sign(self._address() if audience is None else audience, now, ends)
        return {"access_token": token, "api_version": LATEST_VERSION}

    def answer(self, call: Call) -> Reply:
        """One answer."""
        routes: Mapping[str, Callable[[Call, str], Reply]] = {
            "/v1/inventory/levels/total": self._totals,
            "/v1/inventory/levels/warehouse": self._warehouse_levels,
            "/v1/inventory/warehouses": self._warehouses,
            "/v1/system/merchants": self._merchants,
            "/v1/system/status": self._status,
        }
        headers: dict[str, str] = {}
        try:
            headers |= self._limits.check()
            route = routes.get(call.path.removeprefix(self.base_path))
            if route != self._status:
                self._check_token(call)
            if route is None or not call.path.startswith(self.base_path):
                raise Refusal(404, f"There is no {call.path}.")
            if call.method != "GET":
                raise Refusal(405, f"{call.method} is not allowed.")
            version = self._version(call)
            headers[VERSION_HEADER] = self.switches.echoed_version or version
            reply = route(call, version)
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.body, headers=refusal.headers)
        reply.headers = {**headers, **reply.headers}
        return reply

    def failure(self, status: int) -> bytes:
        """The body of a failure that the sandbox was told to have."""
        return b"" if self.switches.failure_body == "empty" else Refusal(status, "Something went wrong.").body

    def truth(self, resource: str) -> dict[tuple[str, ...], Record]:
        """Every record of a resource as it would be served now to who asks for all fields, by key.

        Raises:
            KeyError: there is no such resource.
        """
        key = self.data.total_key
        match resource:
            case "total_levels":
                return {key(one.product.id): _read(_level_text(one)) for one in self._view.totals()}
            case "warehouse_levels":
                levels = self._view.warehouse_levels()
                return {(*key(one.product.id), str(one.warehouse)): _read(_level_text(one)) for one in levels}
            case "products":
                served = (one for one in self.data.products.values() if self._view.is_served(one))
                texts = {one.id: self._view.product_text(one, LATEST_VERSION) for one in served}
                return {key(product): _read(text) for product, text in texts.items()}
            case "warehouses":
                found = self.data.warehouses.values()
                return {(str(one["id"]),): _read(json_text(one)) for one in found}
            case "merchants":
                shown = (self._view.merchant(one, LATEST_VERSION) for one in self.data.merchants.values())
                return {(str(one["id"]),): _read(json_text(one)) for one in shown}
        raise KeyError(resource)

    # Routes

    def _totals(self, call: Call, version: str) -> Reply:
        return self._levels(call, version, TOTALS, self._view.totals, attrgetter("product.id"))

    def _warehouse_levels(self, call: Call, version: str) -> Reply:
        by_row = self.switches.warehouse_level_cursor == "row"
        cursor_of = attrgetter("row" if by_row else "product.id")
        return self._levels(call, version, WAREHOUSE_LEVELS, self._view.warehouse_levels, cursor_of)

    def _levels(
        self,
        call: Call,
        version: str,
        listing: Listing,
        rows: Callable[[], list[Level]],
        cursor_of: Callable[[Any], int],
    ) -> Reply:
        asked = _names(call, "fields", LEVEL_FIELDS)
        wanted = _names(call, "fields:product", PRODUCT_FIELDS)
        page, total = self._page(call, listing, rows, cursor_of)
        if "all" in asked or (not asked and self.switches.default_fields == "all"):
            texts = [_level_text(level) for level in page.rows]
        else:
            texts = [_chosen(level.record, LEVEL_BASICS | asked) for level in page.rows]
        included = None
        if wanted and self.switches.included == "present":
            included = self._included([level.product for level in page.rows], wanted, version)
        reply = self._reply(call, texts, page, total, included)
        if self.switches.after_page is not None:
            self.switches.after_page(page.number)
        return reply

    def _warehouses(self, call: Call, version: str) -> Reply:
        _names(call, "fields", {"all", "id", "name", "is_active"})
        rows = self.data.warehouses.values()
        page, total = self._page(call, WAREHOUSES, lambda: list(rows), itemgetter("id"))
        return self._reply(call, [json_text(one) for one in page.rows], page, total, None)

    def _merchants(self, call: Call, version: str) -> Reply:
        _names(call, "fields", {"all", *self.data.merchants[1]})
        wanted = _names(call, "fields:brands", {"all", "basic", "id", "name", "merchant"})
        rows = self.data.merchants.values()
        page, total = self._page(call, MERCHANTS, lambda: list(rows), itemgetter("id"))
        included = None
        if wanted:
            brands = [self.data.brands[ref["id"]] for one in page.rows for ref in one["brands"]]
            included = {"Brand": [json_text(brand) for brand in brands]}
        texts = [json_text(self._view.merchant(one, version)) for one in page.rows]
        return self._reply(call, texts, page, total, included)

    def _status(self, call: Call, version: str) -> Reply:
        now = self._clock.now()
        told: Record = {
            "status": "healthy",
            "details": "All systems operational.",
            "authentication": self._token_fault(call) or "valid",
            "instance_id": "sandbox",
        }
        if self.switches.status_time is not None:
            told[self.switches.status_time] = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        told |= {"version": "2025.3.1", "build": "20251001-1"}
        return Reply(200, json_text(told).encode())

    # Checks

    def _check_token(self, call: Call) -> None:
        left = self.switches.token_requests
        fault = self._token_fault(call)
        if fault is not None:
            raise Refusal(401, f"The access token is {fault}.")
        if left is not None:
            self.switches.token_requests = left - 1

    def _token_fault(self, call: Call) -> str | None:
        """What is wrong with the credentials; None when nothing is."""
        authorization = call.headers.get("authorization")
        if authorization is None:
            return "missing"
        found = re.fullmatch(r"Bearer ([\w-]+\.[\w-]+\.[\w-]+)", authorization)
        fault = "invalid" if found is None else tokens.fault(found[1], self._address(), self._clock.now())
        if fault is None and self.switches.token_state == "revoked":
            fault = "revoked"
        is_used_up = self.switches.token_requests is not None and self.switches.token_requests < 1
        return "expired" if fault is None and is_used_up else fault

    def _version(self, call: Call) -> str:
        """The version that is in effect."""
        asked = call.headers.get(VERSION_HEADER.lower(), call.query.get("version"))
        if asked is None:
            return LATEST_VERSION
        why = "is not a version"
        if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", asked):
            if asked in VERSIONS:
                return asked
            if asked > f"{self._clock.now():%Y-%m}":
                why = "is in the future"
            elif self.switches.versions == "any_month" and asked > VERSIONS[0]:
                return max(version for version in VERSIONS if version < asked)
        message = f"The API version {asked} {why}; the latest is {LATEST_VERSION}."
        raise Refusal(400, message, VERSION_HEADER, {f"{VERSION_HEADER}-Error": message})

    # Parts

    def _page(
        self,
        call: Call,
        listing: Listing,
        rows: Callable[[], Sequence[Any]],
        cursor_of: Callable[[Any], int],
    ) -> tuple[Page, int]:
        """A page of a list, and how many rows there are on all pages."""
        for name, _ in call.params:
            if name not in listing.parameters and self.switches.unknown_parameter == "400":
                raise Refusal(400, f"There is no parameter {name}.", name)
        if not 0 <= read_integer(call, "count", 0) <= 1:
            raise Refusal(400, "count must be 0 or 1.", "count")
        order = read_order(call.query.get("sort", listing.default_sort), listing.sorts, listing.id_name)
        if not self.switches.product_id_is_id and listing.id_name == "product_id":
            order = Order(order.keys, by_id=False)
        filters = tuple(value for name, value in call.params if name == "filter")
        state = self._view.state
        if state != self._sorted_in or len(self._sorted) > KEPT_SORTS:
            self._sorted.clear()
            self._sorted_in = state
        key = (call.path, filters, order)
        if key not in self._sorted:
            test = matching(filters, listing.filters, self.switches)
            found = [row for row in rows() if test(row)]
            self._sorted[key] = in_order(found, order, listing.sorts, cursor_of)
        found = self._sorted[key]
        return cut(call, found, order, cursor_of, self.switches), len(found)

    def _included(self, products: Iterable[Product], wanted: set[str], version: str) -> dict[str, list[str]]:
        by_id = {product.id: product for product in products}
        if self.switches.repeated_included:
            first = next(one for one in self.data.products.values() if self._view.is_served(one))
            by_id[first.id] = first
        included: dict[str, list[str]] = {}
        every = self.switches.missing_included_every
        for product in by_id.values():
            if every and product.id % every == 0:
                continue
            if "all" in wanted:
                text = self._view.product_text(product, version)
            else:
                text = _chosen(self._view.product(product, version), PRODUCT_BASICS | wanted)
            included.setdefault(self.data.type_of(product), []).append(text)
        return included

    def _reply(
        self,
        call: Call,
        texts: Sequence[str],
        page: Page,
        total: int,
        included: Mapping[str, Sequence[str]] | None,
    ) -> Reply:
        parts = [f'"collection":[{",".join(texts)}]']
        if included is not None:
            kinds = (f'"{kind}":[{",".join(records)}]' for kind, records in included.items())
            parts.append(f'"included":{{{",".join(kinds)}}}')
        meta: Record = {
            "processing_time": Decimal(f"0.{10000 + len(texts)}"),
            "cursor_start": page.start,
            "cursor_end": page.end,
        }
        if call.query.get("count") == "1":
            meta["count"] = total + self.switches.count_skew
        address = self._address()
        envelope: Record = {
            "has_more": page.has_more,
            **link(call, "next", page.next, page.end, address, self.switches),
            **link(call, "previous", page.previous, page.start, address, self.switches),
            "meta": meta,
        }
        if self.switches.envelope == "hasMore":
            envelope = {_camel(name): value for name, value in envelope.items()}
            envelope["meta"] = {_camel(name): value for name, value in meta.items()}
        parts.append(json_text(envelope)[1:-1])
        return Reply(200, ("{" + ",".join(parts) + "}").encode(), len(texts))


def _names(call: Call, parameter: str, known: Iterable[str]) -> set[str]:
    """The comma-separated names of a parameter, which may be repeated."""
    texts = [value for name, value in call.params if name == parameter]
    names = {name.strip() for text in texts for name in text.split(",") if name.strip()}
    unknown = sorted(names.difference(known))
    if unknown:
        raise Refusal(400, f"There is no field {unknown[0]}.", parameter)
    return names


def _chosen(record: Record, names: set[str]) -> str:
    return json_text({name: value for name, value in record.items() if name in names})


def _level_text(level: Level) -> str:
    if not level.text:
        level.text = json_text(level.record)
    return level.text


def _read(text: str) -> Record:
    """The record as a reader gets it."""
    read: Record = json.loads(text)
    return read


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
