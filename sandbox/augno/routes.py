"""Augno's endpoints over the account's data (augno.md §1, §2, §5)."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.augno.answers import Refusal, refused
from sandbox.augno.data import AugnoData
from sandbox.augno.items import Item
from sandbox.augno.limits import Limits
from sandbox.augno.listing import find_items, listing_parameters
from sandbox.augno.masters import Record
from sandbox.augno.pages import Pages
from sandbox.augno.params import VERSIONS, account, check_known, check_version, includes
from sandbox.augno.switches import AugnoSwitches
from sandbox.augno.view import ITEM_INCLUDES, QUANTITIES, TRUTH_INCLUDES, ItemsView
from sandbox.clock import Clock
from sandbox.json_text import json_bytes
from sandbox.record import Call, Reply

API_KEY = "aug_sk_test_sandbox0000000000000000"
ITEMS = "/v1/catalog/items"
ITEM = re.compile(rf"{ITEMS}/([^/]+)")
INVENTORY = re.compile(rf"{ITEMS}/([^/]+)/inventory")
GROUP_INCLUDES = ("base_unit", "associated_units", "associated_units.unit")
CATEGORY_INCLUDES = ("properties", "unit_group", *(f"unit_group.{name}" for name in GROUP_INCLUDES))


class AugnoApi:
    """Answers Augno's requests."""

    base_path = ""

    def __init__(
        self, data: AugnoData, switches: AugnoSwitches, clock: Clock, address: Callable[[], str]
    ) -> None:
        self.data = data
        self.switches = switches
        self._view = ItemsView(data, switches)
        self._pages = Pages(switches, clock, address)
        self._limits = Limits(switches)
        self._requests = 0
        self._inventory_calls = 0

    @property
    def settings(self) -> dict[str, str]:
        """What an account must be told; the key works while `key_state` is valid. The sandbox answers faster
        than the 20 requests per second that Augno takes."""
        return {
            "api_key": API_KEY,
            "api_version": VERSIONS[int(self.switches.profile[1]) - 1],
            "account_id": self.data.account_id,
            "requests_per_second": "1000",
        }

    def answer(self, call: Call) -> Reply:
        """One answer."""
        self._requests += 1
        headers = {"Request-ID": f"rq_{self._requests:012d}"}
        try:
            headers |= self._limits.check()
            self._check_caller(call)
            reply = self._route(call)
        except Refusal as refusal:
            reply = refused(refusal, self.switches)
        reply.headers = {**headers, **reply.headers}
        return reply

    def failure(self, status: int) -> bytes:
        """The body of a failure that the sandbox was told to have."""
        return refused(Refusal(status, "Something went wrong."), self.switches).body

    def truth(self, resource: str) -> dict[tuple[str, ...], Record]:
        """Every record of a resource as it would be served now, by key.

        `items` come with category, unit group, base unit, cost and value filled in. `item_inventory` is the
        answer with all four quantities; where ids are fresh at every call (`fresh_quantity_ids`) and values
        are padded by chance (`padded_values`), a caller gets other ids and other spellings of the same.

        Raises:
            KeyError: there is no such resource.
        """
        match resource:
            case "items":
                rendered = ((item, self._view.render(item, TRUTH_INCLUDES)) for item in self.data.live())
                return {(item.id,): json.loads(body) for item, body in rendered}
            case "item_inventory":
                return self._view.inventory_truth()
        raise KeyError(resource)

    # Routes

    def _route(self, call: Call) -> Reply:
        if not call.path.startswith("/v1/catalog/"):
            raise Refusal(404, "There is no such endpoint.")
        if call.method != "GET":
            raise Refusal(405, f"{call.method} is not allowed here.")
        if call.path == ITEMS:
            return self._items(call)
        if found := INVENTORY.fullmatch(call.path):
            return self._inventory(call, found[1])
        if found := ITEM.fullmatch(call.path):
            check_known(call, ("include", "include[]"), self.switches)
            asked = includes(call, ITEM_INCLUDES)
            return Reply(200, self._view.render(self._item(found[1]), asked), 1)
        return self._master(call, call.path.removeprefix("/v1/catalog/"))

    def _items(self, call: Call) -> Reply:
        check_known(call, listing_parameters(self.switches), self.switches)
        asked = includes(call, ITEM_INCLUDES)
        places = find_items(call, self.data, self._view.places(), self.switches)
        page = self._pages.cut(call, places, lambda place: place if len(place) == 3 else (0, *place))
        items = [self.data.items[place[-1]] for place in page.rows]
        reply = _listed([self._view.render(item, asked) for item in items], page.info)
        if self.switches.after_page is not None:
            self.switches.after_page(page.number)
        return reply

    def _inventory(self, call: Call, item_id: str) -> Reply:
        check_known(call, ("include", "include[]"), self.switches)
        allowed = QUANTITIES if self.switches.short_includable else QUANTITIES[:-1]
        asked = includes(call, allowed)
        answer = json_bytes(self._view.inventory(self._item(item_id), asked))
        self._inventory_calls += 1
        if self.switches.after_item is not None:
            self.switches.after_item(self._inventory_calls)
        return Reply(200, answer, 1)

    def _master(self, call: Call, name: str) -> Reply:
        masters, view = self.data.masters, self._view
        lists: Mapping[str, tuple[Mapping[str, Any], Sequence[str], Callable[..., Record]]] = {
            "units": (masters.units, (), lambda key, asked: masters.units[key]),
            "unit-groups": (masters.groups, GROUP_INCLUDES, view.group),
            "item-categories": (masters.categories, CATEGORY_INCLUDES, view.category),
            "properties": (masters.properties, (), lambda key, asked: masters.properties[key]),
        }
        if name not in lists:
            raise Refusal(404, "There is no such endpoint.")
        records, allowed, shown = lists[name]
        check_known(call, ("limit", "cursor", "include", "include[]"), self.switches)
        asked = includes(call, allowed)
        keys = list(records)[::-1]  # entered in this order at one moment
        page = self._pages.cut(call, range(len(keys)), lambda place: (place,))
        return _listed([json_bytes(shown(keys[place], asked)) for place in page.rows], page.info)

    def _item(self, item_id: str) -> Item:
        item = self.data.items.get(item_id)
        if item is None:
            raise Refusal(404, f"There is no item {item_id}.")
        if item.deleted_at is not None:
            raise Refusal(self.switches.deleted_status, f"There is no item {item_id} any more.")
        return item

    # Checks

    def _check_caller(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {API_KEY}":
            raise Refusal(401, "The API key is not valid.")
        if self.switches.key_state != "valid":
            state = self.switches.key_state
            raise Refusal(401, f"The API key is {state}.", f"api_key_{state}")
        check_version(call, self.switches)
        named = account(call, self.switches)
        if named is None and self.switches.account_header_required:
            raise Refusal(401, "The request names no account.")
        if named is not None and named != self.data.account_id:
            raise Refusal(self.switches.wrong_account_status, "The account is not yours.")
        if self.switches.refuse_all != "no":
            status = 402 if self.switches.refuse_all == "payment_required" else 403
            quota = (
                {"limit": 1000, "used": 1000, "reset_at": "2026-02-01T00:00:00Z"} if status == 403 else None
            )
            raise Refusal(status, "Not on this plan.", self.switches.refuse_all, quota=quota)
        if not self.switches.items_read:
            raise Refusal(403, "The role behind the key has no items:read.")


def _listed(rows: Sequence[bytes], info: Record) -> Reply:
    body = b'{"object":"list","data":[' + b",".join(rows) + b'],"page_info":' + json_bytes(info) + b"}"
    return Reply(200, body, len(rows))
