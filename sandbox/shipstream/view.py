"""Levels, products and merchants as a reader is served them, under the switches of the moment."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.shipstream.answers import json_text
from sandbox.shipstream.data import ShipStreamData
from sandbox.shipstream.products import BASICS, CustomField, Product, Record
from sandbox.shipstream.stock import EVERYWHERE, PHYSICAL, Parts
from sandbox.shipstream.switches import ShipStreamSwitches

NEW_SHAPES_FROM = "2025-10"
NO_MATTER = {"after_page", "token_requests"}
"""Switches that no record depends on, and that change while being served."""


@dataclass(slots=True)
class Level:
    """A row: a product everywhere or in one warehouse."""

    product: Product
    warehouse: int
    at: datetime | None
    quantities: dict[str, int]
    record: Record
    """With all its members."""
    text: str = ""
    """The record's JSON; made when it is first asked for."""

    @property
    def row(self) -> int:
        """A number that orders the rows by product and warehouse."""
        return self.product.id * 100 + self.warehouse


class View:
    """What is served, made anew only for what changed."""

    def __init__(self, data: ShipStreamData, switches: ShipStreamSwitches) -> None:
        self._data = data
        self._switches = switches
        self._watched = [field.name for field in fields(switches) if field.name not in NO_MATTER]
        self._seen: tuple[Any, ...] = ()
        self._read = 0
        self._levels: dict[int, list[Level]] = {}
        """By product: the total, and what lies in each warehouse."""
        self._texts: dict[tuple[int, str], str] = {}

    @property
    def state(self) -> tuple[Any, ...]:
        """Differs when anything may be served otherwise than before."""
        return (self._data.version, *(getattr(self._switches, name) for name in self._watched))

    def totals(self) -> list[Level]:
        """One row per product, by id."""
        return [rows[0] for rows in self._all() if rows]

    def warehouse_levels(self) -> list[Level]:
        """One row per product and warehouse, by both."""
        return [level for rows in self._all() for level in rows[1:]]

    def is_served(self, product: Product) -> bool:
        """Whether a product has any level to be reached through."""
        return self._switches.never_stocked != "no_row" or self._data.was_stocked(product.id)

    def product(self, product: Product, version: str) -> Record:
        """A product with all its members."""
        record = {"type": self._data.type_of(product), "id": product.id, **product.details}
        if record["type"] == "PackagingContainer":
            record["barcodes"] = ",".join(record["barcodes"])  # one text, as in the containers' example
        shape = self._switches.custom_fields
        if shape == "by_version":
            shape = "object" if version >= NEW_SHAPES_FROM else "array"
        if shape == "object":
            record["custom_fields"] = {field.code: _keyed_value(field) for field in product.custom_fields}
        else:
            record["custom_fields"] = [_listed(field) for field in product.custom_fields]
        for name in BASICS:
            record[name] = getattr(product, name)
        record["merchant"] = {"type": "Merchant", "id": product.merchant}
        return record

    def product_text(self, product: Product, version: str) -> str:
        """The JSON of a product with all its members."""
        self._refresh()
        key = (product.id, version)
        if key not in self._texts:
            self._texts[key] = json_text(self.product(product, version))
        return self._texts[key]

    def merchant(self, merchant: Record, version: str) -> Record:
        """A merchant in the shape of a version."""
        shape = self._switches.merchant_shape
        if shape == "by_version":
            shape = "status" if version >= NEW_SHAPES_FROM else "flags"
        if shape == "flags":
            return merchant
        status = "deleted" if merchant["is_deleted"] else "active" if merchant["is_active"] else "inactive"
        return {
            ("status" if name == "is_active" else name): status if name == "is_active" else value
            for name, value in merchant.items()
            if name != "is_deleted"
        }

    # Rows

    def _all(self) -> list[list[Level]]:
        self._refresh()
        for product in self._data.products.values():
            if product.id not in self._levels:
                self._levels[product.id] = self._rows(product) if self.is_served(product) else []
        return [self._levels[product] for product in self._data.products]

    def _refresh(self) -> None:
        seen = self.state[1:]
        if seen != self._seen:
            self._seen = seen
            self._levels.clear()
            self._texts.clear()
        changed = set(self._data.journal[self._read :])
        self._read = len(self._data.journal)
        for product in changed:
            self._levels.pop(product, None)
        if changed:
            self._texts = {key: text for key, text in self._texts.items() if key[0] not in changed}

    def _rows(self, product: Product) -> list[Level]:
        data = self._data
        places = data.parts[product.id]
        ref = {"type": data.type_of(product), "id": product.id, "sku": product.sku}
        rows = [self._row("TotalLevel", product, ref, EVERYWHERE, data.total(product.id))]
        for warehouse in sorted(places):
            rows.append(self._row("WarehouseLevel", product, ref, warehouse, places[warehouse]))
        return rows

    def _row(self, kind: str, product: Product, ref: Record, warehouse: int, parts: Parts) -> Level:
        quantities = {"qty_allocated": parts["allocated"]}
        on_hand = sum(parts[name] for name in PHYSICAL)
        if warehouse == EVERYWHERE:
            quantities["qty_backordered"] = self._data.backordered.get(product.id, 0)
            if self._switches.messy_on_hand and product.id in self._data.messy:
                on_hand -= 10
        for name in ("reserved", "picked", "expected", "processed", "putaway", "available"):
            quantities[f"qty_{name}"] = parts[name]
        quantities["qty_on_hand"] = on_hand
        quantities["qty_advertised"] = self._data.advertised(product.id, warehouse)
        at = self._clock_of(product, warehouse)
        record: Record = {"type": kind, "product": ref}
        if warehouse != EVERYWHERE:
            record.update(self._warehouse_ref(warehouse))
        for name, quantity in quantities.items():
            record[name] = self._spelt(quantity)
        record["updated_at"] = at
        return Level(product, warehouse, at, quantities, record)

    def _clock_of(self, product: Product, warehouse: int) -> datetime | None:
        data, switches = self._data, self._switches
        moved = data.moved_at.get((product.id, warehouse))
        if moved is None and switches.never_stocked == "clock":
            moved = product.created_at
        clocks = [moved]
        if switches.edit_moves_level and moved is not None:
            clocks.append(product.updated_at)
        if switches.component_moves_kit:
            clocks.append(data.components_at.get((product.id, warehouse)))
        if switches.backorder_moves_level and warehouse == EVERYWHERE:
            clocks.append(data.backordered_at.get(product.id))
        return max((clock for clock in clocks if clock is not None), default=None)

    def _warehouse_ref(self, warehouse: int) -> Record:
        if self._switches.warehouse_ref == "absent":
            return {}
        if self._switches.warehouse_ref == "id":
            return {"warehouse_id": warehouse}
        name = self._data.warehouses[warehouse]["name"]
        return {"warehouse": {"type": "Warehouse", "id": warehouse, "name": name}}

    def _spelt(self, quantity: int) -> int | Decimal | str:
        if self._switches.quantities == "integers":
            return quantity
        return Decimal(f"{quantity}.0000") if self._switches.quantities == "decimals" else f"{quantity}.0000"


def _listed(field: CustomField) -> Record:
    record: Record = {"code": field.code, "value": field.value}
    return record if field.label is None else {**record, "label": field.label}


def _keyed_value(field: CustomField) -> Any:
    if field.label is not None:
        return {"id": field.value, "label": field.label}
    if isinstance(field.value, list | dict):
        return field.value
    return {"value": field.value}
