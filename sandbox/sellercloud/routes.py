"""Sellercloud's endpoints over the account's data (sellercloud.md §1, §2, §3, §5)."""

import json
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.json_text import json_text
from sandbox.record import Call, Reply
from sandbox.sellercloud.answers import Refusal, local, spell
from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.filters import KNOWN, asked_of, integer, integers, tests_of, warehouses_of
from sandbox.sellercloud.limits import Throttle, Tokens
from sandbox.sellercloud.products import COMPANIES, DEFAULT_COMPANY, Record
from sandbox.sellercloud.switches import SellercloudSwitches
from sandbox.sellercloud.view import Row, View

USERNAME = "stocktake@acme.example"
PASSWORD = 'pä"ss&w+rd #1'
DEFAULT_SIZE, LARGEST_SIZE = 10, 50
KEPT_MATCHES = 32


class SellercloudApi:
    """Answers Sellercloud's requests."""

    base_path = "/rest/api"

    def __init__(
        self, data: SellercloudData, switches: SellercloudSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = data.switches = switches
        self._clock = clock
        self._address = address
        self._throttle = Throttle(switches, clock)
        self._tokens = Tokens(switches, clock)
        self._view = View(data, switches, clock)
        self._matches: dict[tuple[Any, ...], list[Row]] = {}
        self._matched_in: tuple[Any, ...] = ()
        self._shuffles = 0

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told, under the switches of this moment."""
        return {
            "username": USERNAME,
            "password": PASSWORD,
            "timezone": self.switches.timezone,
            "requests_per_second": "1000",
        }

    def answer(self, call: Call) -> Reply:
        """One answer."""
        routes: Mapping[str, tuple[str, Callable[[Call], Reply]]] = {
            "/token": ("POST", self._token),
            "/inventory": ("GET", self._inventory),
            "/warehouses": ("GET", self._warehouses),
            "/inventory/warehouses": ("GET", self._warehouse_stock),
            "/companies": ("GET", self._companies),
        }
        path = call.path.lower().rstrip("/")
        try:
            self._throttle.check()
            is_ours = path.startswith(self.base_path)
            method, route = routes.get(path.removeprefix(self.base_path) if is_ours else "", ("", None))
            if route != self._token:
                self._tokens.check(call.headers.get("authorization"))
            if route is None:
                raise Refusal(404)
            if call.method != method:
                raise Refusal(405)
            return route(call)
        except Refusal as refusal:
            if refusal.body is not None:
                return Reply(refusal.status, refusal.body, headers=refusal.headers)
            is_page = self.switches.error_body == "html"
            headers = {"Content-Type": "text/html; charset=utf-8"} if is_page else {}
            return Reply(refusal.status, self._refused(refusal), headers=headers)

    def failure(self, status: int) -> bytes:
        """The body of a failure that the sandbox was told to have."""
        return self._refused(Refusal(status))

    def truth(self, resource: str) -> dict[tuple[str, ...], Record]:
        """Every record of a resource as it would be served now, by key.

        Raises:
            KeyError: there is no such resource.
        """
        match resource:
            case "inventory":
                return {(row.product.id,): _read(self._view.text(row.product)) for row in self._found({})}
            case "warehouses":
                found = self.data.warehouses.values()
                return {(str(one["ID"]),): _read(self._warehouse_text(one)) for one in found}
            case "companies":
                return {(str(one["ID"]),): _read(json_text(one)) for one in _companies()}
            case "warehouse_inventory":
                return {
                    (str(place), row.product.id): _read(self._view.text(row.product, [place]))
                    for place in self.data.warehouses
                    for row in self._found({"warehouse": (str(place),)})
                }
        raise KeyError(resource)

    # Routes

    def _token(self, call: Call) -> Reply:
        given = call.body if isinstance(call.body, dict) else {}
        given = {str(name).lower(): value for name, value in given.items()}
        if not given.get("username") or not given.get("password"):
            raise Refusal(400)
        if (str(given["username"]).lower(), given["password"]) != (USERNAME, PASSWORD):
            raise Refusal(401)
        if self.switches.login != "granted":
            raise Refusal(int(self.switches.login))
        made = self._clock.now()
        lives = timedelta(seconds=self.switches.token_seconds)
        ends = made + lives if self.switches.token_dates == "right" else made - lives / 2
        told: Record = {
            "access_token": self._tokens.give(USERNAME),
            "token_type": "Bearer",
            "username": USERNAME,
            ".issued": self._plain(made),
            ".expires": self._plain(ends),
        }
        # A double in the Swagger.
        text = f'{{"expires_in":{self.switches.token_seconds!r},{json_text(told)[1:]}'
        return Reply(200, text.encode())

    def _inventory(self, call: Call) -> Reply:
        asked = asked_of(call)
        number, size = self._paging(asked, DEFAULT_SIZE)
        places = warehouses_of(asked, self.data)
        found = self._found(asked)
        if self.switches.row_order == "shuffled":
            self._shuffles += 1
            chance = random.Random(self._shuffles)  # noqa: S311  chance that can be repeated, nothing secret
            found = chance.sample(found, len(found))
        start = (number - 1) * size
        if start >= len(found) and self.switches.beyond_end == "repeat_last":
            start = max(0, (len(found) - 1) // size * size)
        rows = found[start : start + size]
        items = ",".join(self._view.text(row.product, places) for row in rows)
        is_null = start >= len(found) and self.switches.beyond_end == "null"
        if is_null or number == self.switches.null_items_page:
            items, rows = "null", []
        else:
            items = f"[{items}]"
        total = str(len(found) + self.switches.total_skew)
        if self.switches.total_results != "told":
            total = "null"
        members = [f'"Items":{items}', f'"TotalResults":{total}']
        if self.switches.total_results == "absent":
            members.pop()
        reply = Reply(200, f"{{{','.join(members)}}}".encode(), len(rows))
        if self.switches.after_page is not None:
            self.switches.after_page(number)
        return reply

    def _warehouses(self, call: Call) -> Reply:
        if self.switches.warehouses_permission != "granted":
            raise Refusal(int(self.switches.warehouses_permission))
        asked = asked_of(call)
        found = list(self.data.warehouses.values())
        for name, column in (("warehouseids", "ID"), ("warehousetype", "WarehouseType")):
            wanted = integers(asked.get(name, ()))
            found = [one for one in found if not wanted or one[column] in wanted]
        for name, column in (("isdefault", "IsDefault"), ("issellable", "IsSellAble")):
            choice = integer(asked, name, 0)
            found = [one for one in found if not choice or one[column] == (choice == 1)]
        text = asked.get("name", ("",))[0].casefold()
        found = [one for one in found if text in one["Name"].casefold()]
        # The contract names no page here: there is one only for who asks for it.
        number, size = self._paging(asked, len(found) or 1)
        if "pagenumber" not in asked and "pagesize" not in asked:
            number, size = 1, len(found)
        rows = found[(number - 1) * size :][:size]
        items = f"[{','.join(map(self._warehouse_text, rows))}]"
        if self.switches.warehouses_shape == "envelope":
            items = f'{{"Items":{items},"TotalResults":{len(found)}}}'
        return Reply(200, items.encode(), len(rows))

    def _warehouse_stock(self, call: Call) -> Reply:
        asked = asked_of(call)
        product = next(iter(asked.get("productid", ())), "")
        found = self._found({"inventoryid": (product,)}) if "," not in product else self._found({})
        named = [row.product for row in found if row.product.id.casefold() == product.casefold()]
        if not named:
            raise Refusal(404)
        wanted = integers(asked.get("warehouseid", ()))
        rows = [
            {
                "ProductID": named[0].id,
                "AvailableQty": self.data.available(named[0], [place]),
                "PhysicalQty": self.data.stock_of(named[0], [place]).physical,
                "WarehouseID": place,
            }
            for place in self.data.holders(named[0])
            if not wanted or place in wanted
        ]
        if self.switches.warehouse_stock_shape == "array":
            return Reply(200, json_text(rows).encode(), len(rows))
        return Reply(200, json_text(rows[0] if rows else {}).encode(), len(rows[:1]))

    def _companies(self, call: Call) -> Reply:
        asked = asked_of(call)
        number, size = self._paging(asked, DEFAULT_SIZE)
        found = _companies()
        rows = found[(number - 1) * size :][:size]
        told = {"Items": rows, "TotalResults": len(found)}
        return Reply(200, json_text(told).encode(), len(rows))

    # Parts

    def _paging(self, asked: Mapping[str, tuple[str, ...]], size: int) -> tuple[int, int]:
        number = max(1, integer(asked, "pagenumber", 1))
        size = max(1, integer(asked, "pagesize", size))
        return number, min(size, LARGEST_SIZE) if self.switches.page_clamp == "clamp" else size

    def _found(self, asked: Mapping[str, tuple[str, ...]]) -> list[Row]:
        """The rows that match, in the order of the moment."""
        state = self._view.state
        if state != self._matched_in or len(self._matches) > KEPT_MATCHES:
            self._matches.clear()
            self._matched_in = state
        key = tuple(sorted((name, values) for name, values in asked.items() if name in KNOWN))
        if key not in self._matches:
            found = self._view.rows()
            for test in tests_of(asked, self.data, self.switches):
                found = [row for row in found if test(row)]
            if self.switches.row_order in ("modified", "modified_desc"):
                found = sorted(
                    found,
                    key=lambda row: (row.modified or datetime.min, row.product.id),
                    reverse=self.switches.row_order == "modified_desc",
                )
            self._matches[key] = found
        return self._matches[key]

    def _warehouse_text(self, warehouse: Record) -> str:
        return json_text({**warehouse, "CreatedOn": self._view.told(warehouse["CreatedOn"])})

    def _plain(self, moment: datetime) -> str:
        return spell(local(moment, self._view.zone, "seconds"))

    def _refused(self, refusal: Refusal) -> bytes:
        match self.switches.error_body:
            case "none":
                return b""
            case "html":
                return f"<html><body><h1>{refusal.status}</h1>{refusal.message}</body></html>".encode()
        return json_text({"Message": refusal.message}).encode()


def _companies() -> list[Record]:
    return [
        {
            "ID": number,
            "CompanyName": name,
            "IsDefaultCompany": number == DEFAULT_COMPANY,
            "IsDisabled": False,
            "AmazonMarketplace": "Amazon.com",
            "EnabledOnChannels": [],
            "CustomColumns": [],
        }
        for number, (name, _) in COMPANIES.items()
    ]


def _read(text: str) -> Record:
    """The record as a reader gets it."""
    read: Record = json.loads(text)
    return read
