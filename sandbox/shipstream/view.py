"""Levels and products as a reader is served them, under the switches of the moment."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.json_text import writer
from sandbox.kit import Record
from sandbox.shipstream.data import ShipStreamData
from sandbox.shipstream.products import BASICS, CustomField, Product
from sandbox.shipstream.stock import EVERYWHERE, PHYSICAL, Parts
from sandbox.shipstream.switches import ShipStreamSwitches

json_text = writer(lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
"""Instants are in whole seconds."""


@dataclass(slots=True)
class Level:
    """A row: a product everywhere or in one warehouse."""

    product: Product
    warehouse: int
    at: datetime | None
    record: Record
    """With all its members."""
    _text: str = ""

    def json(self) -> str:
        """The whole record's JSON; made when it is first asked for."""
        self._text = self._text or json_text(self.record)
        return self._text

    @property
    def row(self) -> int:
        """A number that orders the rows by product and warehouse."""
        return self.product.id * 100 + self.warehouse


class View:
    """What is served, made anew only for what changed."""

    def __init__(self, data: ShipStreamData, switches: ShipStreamSwitches) -> None:
        self._data = data
        self._switches = switches
        self._seen: tuple[Any, ...] = ()
        self._read = 0
        self._levels: dict[int, list[Level]] = {}
        """By product: the total, and what lies in each warehouse."""
        self._texts: dict[int, str] = {}

    @property
    def state(self) -> tuple[Any, ...]:
        """Differs when anything may be served otherwise than before."""
        switches = self._switches
        return (
            self._data.version,
            switches.product_types,
            switches.warehouse_ref,
            switches.never_stocked,
            switches.edit_moves_level,
            switches.component_moves_kit,
            switches.backorder_moves_level,
            switches.warehouse_level_cursor,
            switches.naive_literal_hours,
            switches.literal_zone_ignored,
        )

    def totals(self) -> list[Level]:
        """One row per product, by id."""
        return [rows[0] for rows in self._all() if rows]

    def warehouse_levels(self) -> list[Level]:
        """One row per product and warehouse, by both."""
        return [level for rows in self._all() for level in rows[1:]]

    def is_served(self, product: Product) -> bool:
        """Whether a product has any level to be reached through."""
        return self._switches.never_stocked != "no_row" or self._data.was_stocked(product.id)

    def product_text(self, product: Product) -> str:
        """The JSON of a product with all its members."""
        self._refresh()
        if product.id not in self._texts:
            self._texts[product.id] = json_text(self._product(product))
        return self._texts[product.id]

    def _product(self, product: Product) -> Record:
        record = {"type": self._data.type_of(product), "id": product.id, **product.details}
        if record["type"] == "PackagingContainer":
            record["barcodes"] = ",".join(record["barcodes"])  # one text, as in the containers' example
        record["custom_fields"] = [_listed(field) for field in product.custom_fields]
        for name in BASICS:
            record[name] = getattr(product, name)
        record["merchant"] = {"type": "Merchant", "id": product.merchant}
        return record

    # Rows

    def _all(self) -> list[list[Level]]:
        self._refresh()
        for product in self._data.products.values():
            if product.id not in self._levels:
                self._levels[product.id] = self._rows(product) if self.is_served(product) else []
        return [self._levels[product] for product in self._data.products]

    def _refresh(self) -> None:
        seen = self.state[1:]
        changed = set(self._data.journal[self._read :])
        if seen != self._seen:
            self._seen, changed = seen, {*self._levels, *self._texts}
        self._read = len(self._data.journal)
        for product in changed:
            self._levels.pop(product, None)
            self._texts.pop(product, None)

    def _rows(self, product: Product) -> list[Level]:
        data = self._data
        places = data.parts[product.id]
        ref = {"type": data.type_of(product), "id": product.id, "sku": product.sku}
        rows = [self._row("TotalLevel", product, ref, EVERYWHERE, data.total(product.id))]
        for warehouse in sorted(places):
            rows.append(self._row("WarehouseLevel", product, ref, warehouse, places[warehouse]))
        return rows

    def _row(self, kind: str, product: Product, ref: Record, warehouse: int, parts: Parts) -> Level:
        at = self._clock_of(product, warehouse)
        record: Record = {"type": kind, "product": ref}
        if warehouse != EVERYWHERE:
            record.update(self._warehouse_ref(warehouse))
        record["qty_allocated"] = parts["allocated"]
        if warehouse == EVERYWHERE:
            record["qty_backordered"] = self._data.backordered.get(product.id, 0)
        for name in ("reserved", "picked", "expected", "processed", "putaway", "available"):
            record[f"qty_{name}"] = parts[name]
        record["qty_on_hand"] = sum(parts[name] for name in PHYSICAL)
        record["qty_advertised"] = self._data.advertised(product.id, warehouse)
        record["updated_at"] = at
        return Level(product, warehouse, at, record)

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


def _listed(field: CustomField) -> Record:
    record: Record = {"code": field.code, "value": field.value}
    return record if field.label is None else {**record, "label": field.label}
