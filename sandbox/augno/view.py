"""What a reader sees of the items and their stock, with as much filled in as was asked for
(augno.md §2, §6)."""

import hashlib
import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, TypeAlias

from sandbox.augno.beginning import pad
from sandbox.augno.data import AugnoData
from sandbox.augno.items import DIGITS, Item, Rate, RateKind, Stock
from sandbox.augno.masters import Record, spell
from sandbox.augno.pages import page_info
from sandbox.augno.switches import AugnoSwitches
from sandbox.json_text import json_bytes

QUANTITIES = ("on_hand", "reserved", "available_to_promise", "short")
RATES: tuple[RateKind, ...] = ("unit_value", "unit_cost", "burn_rate")
GROUP = "category.unit_group"
ITEM_INCLUDES = (
    "category",
    *RATES,
    "attributes",
    GROUP,
    "category.properties",
    f"{GROUP}.base_unit",
    f"{GROUP}.associated_units",
    f"{GROUP}.associated_units.unit",
)
TRUTH_INCLUDES = frozenset({"category", GROUP, f"{GROUP}.base_unit", "unit_cost", "unit_value"})
Place: TypeAlias = tuple[datetime, str]
"""Where an item stands in the list: when it was created, then its id; newest first."""


class ItemsView:
    """The items as they are served: sorted anew only when one came or went, rendered when it changed."""

    def __init__(self, data: AugnoData, switches: AugnoSwitches) -> None:
        self._data = data
        self._masters = data.masters
        self._switches = switches
        self._version = -1
        self._places: list[Place] = []
        self._rendered: dict[tuple[Any, ...], tuple[Item, bytes]] = {}
        self._chance = random.Random(data.account_id)  # noqa: S311  chance that can be repeated
        self._calls = 0

    def places(self) -> Sequence[Place]:
        """Every item of the list, oldest first."""
        if self._version != self._data.version:
            self._places = sorted((item.created_at, item.id) for item in self._data.live())
            self._version = self._data.version
        return self._places

    def render(self, item: Item, includes: frozenset[str]) -> bytes:
        """The item's JSON."""
        switches = self._switches
        shape = (switches.stock_moves_item_clock, switches.profile, switches.missing_page_urls)
        kept = self._rendered.get((item.id, includes, shape))
        if kept is None or kept[0] is not item:
            kept = (item, json_bytes(self.item(item, includes)))
            self._rendered[item.id, includes, shape] = kept
        return kept[1]

    def item(self, item: Item, includes: Collection[str]) -> Record:
        """An item; what is not included is null."""
        updated = item.updated_at
        if self._switches.stock_moves_item_clock:
            updated = max(updated, item.stock.moved_at)
        category = item.category if _asks(includes, "category") else None
        rates = {kind: item.rates.get(kind) if kind in includes else None for kind in RATES}
        attributes = [self._attribute(key) for key in item.attributes]
        return {
            "id": item.id,
            "object": "item",
            "sku": item.sku,
            "type": item.type,
            "description": item.description,
            "notes": item.notes,
            "category": None if category is None else self.category(category, includes, "category."),
            **{kind: None if rate is None else self._rate(item, kind, rate) for kind, rate in rates.items()},
            "attributes": self._envelope(attributes) if "attributes" in includes else None,
            "created_at": spell(item.created_at),
            "updated_at": spell(updated),
        }

    def inventory(self, item: Item, includes: Collection[str], *, is_served: bool = True) -> Record:
        """An inventory answer; what is not included is null.

        Args:
            is_served: it goes to a caller, so that ids and spellings may be fresh.
        """
        self._calls += is_served
        answer: Record = {"object": "item_inventory"}
        for name, value in self._numbers(item).items():
            answer[name] = (
                self._quantity(item, name, value, is_served=is_served) if name in includes else None
            )
        return answer

    def inventory_truth(self) -> dict[tuple[str, ...], Record]:
        """Every item's inventory with all there is to include. Where ids are fresh at every call, and where
        values are padded by chance, a caller gets the same in another spelling."""
        names = [name for name in QUANTITIES if name != "short" or self._switches.short_includable]
        return {(item.id,): self.inventory(item, names, is_served=False) for item in self._data.live()}

    # Masters

    def category(self, key: str, includes: Collection[str], prefix: str = "") -> Record:
        """An item category; `prefix` is what the includes' names begin with."""
        found = self._masters.categories[key]
        properties = [self._masters.properties[name] for name in found["properties"]]
        has_group = _asks(includes, f"{prefix}unit_group")
        return {
            **found,
            "properties": self._envelope(properties) if f"{prefix}properties" in includes else None,
            "unit_group": self.group(found["unit_group"], includes, f"{prefix}unit_group.")
            if has_group
            else None,
        }

    def group(self, key: str, includes: Collection[str], prefix: str = "") -> Record:
        """A unit group."""
        found = self._masters.groups[key]
        has_units = f"{prefix}associated_units.unit" in includes
        units = [
            {
                "id": link,
                "object": "unit_group_unit",
                "unit": self._masters.units[unit] if has_units else None,
            }
            for link, unit in found["associated_units"]
        ]
        has_base = f"{prefix}base_unit" in includes
        return {
            **found,
            "base_unit": self._masters.units[found["base_unit"]] if has_base else None,
            "associated_units": self._envelope(units)
            if _asks(includes, f"{prefix}associated_units")
            else None,
        }

    def _attribute(self, key: str) -> Record:
        found = self._masters.attributes[key]
        return {**found, "property": self._masters.properties[found["property"]]}

    def _envelope(self, data: list[Record]) -> Record:
        return {"object": "list", "data": data, "page_info": page_info(self._switches, None, None)}

    def _rate(self, item: Item, kind: RateKind, rate: Rate) -> Record:
        unit = self._masters.base_unit(item.category)
        abbreviation = self._masters.unit_of(item.category)
        dollar, day = self._masters.units[self._masters.dollar], self._masters.units[self._masters.day]
        shown = _shown(rate.value)
        is_use = kind == "burn_rate"
        return {
            "id": rate.id,
            "object": "rate",
            "value": format(rate.value, "f"),
            "display_value": f"{shown} {abbreviation}/d" if is_use else f"${shown}/{abbreviation}",
            "numerator_unit": unit if is_use else dollar,
            "denominator_unit": day if is_use else unit,
            "created_at": rate.created_at,
            "updated_at": rate.updated_at,
        }

    # Quantities

    def _numbers(self, item: Item) -> dict[str, Decimal]:
        stock: Stock = item.stock
        wants_nothing = stock.short == 0 and stock.reserved == 0 and stock.on_hand > 0
        if self._switches.negative_short and wants_nothing and item.number % 10 == 5:
            stock = replace(stock, short=Decimal(-1))
        promise = stock.available_to_promise
        if self._switches.clamped_promise:
            promise = max(promise, Decimal(0))
        return dict(zip(QUANTITIES, (stock.on_hand, stock.reserved, promise, stock.short), strict=True))

    def _quantity(self, item: Item, name: str, value: Decimal, *, is_served: bool) -> Record:
        switches = self._switches
        is_computed = switches.profile == "P3"
        has_unit = switches.quantity_unit == "filled" or (
            switches.quantity_unit == "by_profile" and is_computed
        )
        text = format(value, "f")
        if is_served and switches.padded_values and self._chance.random() < 0.5:
            text = format(pad(value), "f")
        quantity: Record = {
            "object": "computed_quantity" if is_computed else "quantity",
            "value": text,
            "display_value": f"{_shown(value)} {self._masters.unit_of(item.category)}",
            "unit": self._masters.base_unit(item.category) if has_unit else None,
        }
        if is_computed:
            return quantity
        is_fresh = is_served and switches.fresh_quantity_ids and item.number % 2 == 0
        serial = self._calls if is_fresh else 0
        return {"id": _quantity_id(f"{item.id} {name} {serial}"), **quantity}


def _asks(includes: Collection[str], name: str) -> bool:
    """Whether a part is asked for, by itself or by a part of it."""
    return name in includes or any(include.startswith(f"{name}.") for include in includes)


def _shown(value: Decimal) -> str:
    """A number as people read it: thousands set apart, no idle zeros."""
    with localcontext(prec=DIGITS):
        plain = value.normalize()
        return format(plain if plain else Decimal(0), ",f")


def _quantity_id(text: str) -> str:
    return f"qy_{hashlib.sha256(text.encode()).hexdigest()[:26]}"
