"""What a reader sees of the items and their stock, with as much filled in as was asked for
(augno.md §2, §6)."""

import hashlib
import random
from collections.abc import Collection, Sequence
from decimal import Decimal, localcontext
from typing import Any

from sandbox.augno.data import AugnoData
from sandbox.augno.initial_data import pad
from sandbox.augno.items import DIGITS, Item, Rate, RateKind
from sandbox.augno.masters import spell
from sandbox.augno.switches import AugnoSwitches
from sandbox.json_text import json_bytes
from sandbox.kit import Record

QUANTITIES = ("on_hand", "reserved", "available_to_promise", "short")
RATES: tuple[RateKind, ...] = ("unit_value", "unit_cost")
GROUP = "category.unit_group"
ITEM_INCLUDES = ("category", GROUP, f"{GROUP}.base_unit", "unit_cost", "unit_value")
"""What anybody asks for, of what could be included."""


class ItemsView:
    """The items as they are served: sorted anew only when one came or went, rendered when it changed."""

    def __init__(self, data: AugnoData, switches: AugnoSwitches) -> None:
        self._data = data
        self._masters = data.masters
        self._switches = switches
        self._version = -1
        self._places: list[tuple[str, str]] = []
        self._rendered: dict[tuple[Any, ...], tuple[Item, bytes]] = {}
        self._chance = random.Random(data.account_id)  # noqa: S311  chance that can be repeated
        self._calls = 0

    def places(self) -> Sequence[tuple[str, str]]:
        """Every item of the list, newest first: when it was created, to all digits, and its id."""
        if self._version != self._data.version:
            created = (
                (item.created_at.isoformat(timespec="microseconds"), item.id) for item in self._data.live()
            )
            self._places = sorted(created, reverse=True)
            self._version = self._data.version
        return self._places

    def page_info(self, following: str | None, has_previous: bool) -> Record:
        """`page_info` as the profile has it, of a cursor or a URL. Nobody goes back: that is not linked."""
        is_first = self._switches.profile == "P1"
        names = ("next_cursor", "prev_cursor") if is_first else ("next_page_url", "previous_page_url")
        info: Record = {
            **dict(zip(names, (following, None), strict=True)),
            "has_next_page": following is not None,
            "has_prev_page": has_previous,
        }
        if is_first or self._switches.missing_page_urls == "null":
            return info
        if self._switches.missing_page_urls == "absent":
            return {name: value for name, value in info.items() if value is not None}
        return {name: "" if value is None else value for name, value in info.items()}

    def render(self, item: Item, includes: Collection[str]) -> bytes:
        """The item's JSON."""
        key = (item.id, frozenset(includes))
        kept = self._rendered.get(key)
        if kept is None or kept[0] is not item:
            kept = self._rendered[key] = (item, json_bytes(self._item(item, includes)))
        return kept[1]

    def inventory(self, item: Item, includes: Collection[str], *, is_served: bool = True) -> Record:
        """An inventory answer; what is not included is null.

        Args:
            is_served: it goes to a caller, so that ids and spellings may be fresh.
        """
        self._calls += is_served
        stock = item.stock
        values = (stock.on_hand, stock.reserved, stock.available_to_promise, stock.short)
        answer: Record = {"object": "item_inventory"}
        for name, value in zip(QUANTITIES, values, strict=True):
            answer[name] = (
                self._quantity(item, name, value, is_served=is_served) if name in includes else None
            )
        return answer

    # Parts

    def _item(self, item: Item, includes: Collection[str]) -> Record:
        rates = {kind: item.rates.get(kind) if kind in includes else None for kind in RATES}
        has_category = item.category is not None and any(name.startswith("category") for name in includes)
        return {
            "id": item.id,
            "object": "item",
            "sku": item.sku,
            "type": item.type,
            "description": item.description,
            "notes": item.notes,
            "category": self._category(str(item.category), includes) if has_category else None,
            **{kind: None if rate is None else self._rate(item, rate) for kind, rate in rates.items()},
            "burn_rate": None,
            "attributes": None,
            "created_at": spell(item.created_at),
            "updated_at": spell(item.updated_at),
        }

    def _category(self, key: str, includes: Collection[str]) -> Record:
        found = self._masters.categories[key]
        group = None
        if any(name.startswith(GROUP) for name in includes):
            group = self._masters.groups[found["unit_group"]]
            base = self._masters.units[group["base_unit"]] if f"{GROUP}.base_unit" in includes else None
            group = {**group, "base_unit": base, "associated_units": None}
        return {**found, "properties": None, "unit_group": group}

    def _rate(self, item: Item, rate: Rate) -> Record:
        return {
            "id": rate.id,
            "object": "rate",
            "value": format(rate.value, "f"),
            "display_value": f"${_shown(rate.value)}/{self._masters.unit_of(item.category)}",
            "numerator_unit": self._masters.units[self._masters.dollar],
            "denominator_unit": self._masters.base_unit(item.category),
            "created_at": rate.created_at,
            "updated_at": rate.updated_at,
        }

    def _quantity(self, item: Item, name: str, value: Decimal, *, is_served: bool) -> Record:
        switches = self._switches
        is_computed = switches.profile == "P3"
        text = format(value, "f")
        if is_served and switches.padded_values and self._chance.random() < 0.5:
            text = format(pad(value), "f")
        quantity: Record = {
            "object": "computed_quantity" if is_computed else "quantity",
            "value": text,
            "display_value": f"{_shown(value)} {self._masters.unit_of(item.category)}",
            "unit": self._masters.base_unit(item.category) if is_computed else None,
        }
        if is_computed:
            return quantity
        is_fresh = is_served and switches.fresh_quantity_ids and item.number % 2 == 0
        serial = self._calls if is_fresh else 0
        return {"id": _quantity_id(f"{item.id} {name} {serial}"), **quantity}


def _shown(value: Decimal) -> str:
    """A number as people read it: thousands set apart, no idle zeros."""
    with localcontext(prec=DIGITS):
        plain = value.normalize()
        return format(plain if plain else Decimal(0), ",f")


def _quantity_id(text: str) -> str:
    return f"qy_{hashlib.sha256(text.encode()).hexdigest()[:26]}"
