"""Rows as a reader is served them, under the switches of the moment (sellercloud.md §6, §7)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.clock import Clock
from sandbox.json_text import json_text
from sandbox.sellercloud.answers import local, spell
from sandbox.sellercloud.columns import CLIENT, TYPES, Column
from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.fields import DATES, FIELDS, MASKED_BY, ZERO_IS_UNSET
from sandbox.sellercloud.products import COMPANIES, FBA, MAIN, Product, Rebate, Record
from sandbox.sellercloud.switches import SellercloudSwitches

SOLD = (15, 30, 60, 90, 180, 365)
MESSY = 41
"""Of a hundred products, the one whose numbers can be made not to add up."""


@dataclass(slots=True)
class Row:
    """A product and its clocks as they are compared."""

    product: Product
    modified: datetime | None
    aggregated: datetime | None


class View:
    """What is served. Clocks are read anew only for what changed; records are written when asked for."""

    def __init__(self, data: SellercloudData, switches: SellercloudSwitches, clock: Clock) -> None:
        self._data = data
        self._switches = switches
        self._clock = clock
        self._seen: tuple[Any, ...] = ()
        self._read = 0
        self._rows: dict[str, Row] = {}
        self._sorted: list[Row] = []
        self._frames: dict[int, tuple[Any, str, str]] = {}

    @property
    def zone(self) -> ZoneInfo:
        """The server's."""
        return ZoneInfo(self._switches.timezone)

    @property
    def state(self) -> tuple[Any, ...]:
        """Differs when other rows may be served than before, or in another order."""
        shown = (getattr(self._switches, one.name) for one in fields(self._switches))
        return self._data.version, *(value for value in shown if not callable(value) and value is not None)

    def rows(self) -> list[Row]:
        """All rows, by ID. The same list until a product comes or goes; not to be changed."""
        seen = (
            self._switches.timezone,
            self._switches.precision,
            self._switches.quantity_moves_modified,
            self._switches.empty_aggregation_moves_clock,
            self._switches.shadow_follows_clock,
            self._switches.kit_follows_clock,
        )
        changed: Sequence[str] = self._data.journal[self._read :]
        if seen != self._seen:
            self._seen, changed = seen, [*changed, *self._data.products]
        self._read = len(self._data.journal)
        is_other = False
        zone, precision = self.zone, self._switches.precision
        for one in dict.fromkeys(changed):
            product, row = self._data.products.get(one), self._rows.get(one)
            is_other |= (product is None) != (row is None)
            if product is None:
                self._rows.pop(one, None)
                continue
            modified, aggregated = (at and local(at, zone, precision) for at in self._data.clocks(product))
            if row is None:
                self._rows[one] = Row(product, modified, aggregated)
            else:
                row.product, row.modified, row.aggregated = product, modified, aggregated
        if is_other:
            self._sorted = [self._rows[one] for one in sorted(self._rows)]
        return self._sorted

    def text(self, product: Product, places: Sequence[int] = ()) -> str:
        """The JSON of a row; with warehouses, as it is when asked for by those."""
        members = [f'"{name}":{json_text(value)}' for name, value in self._record(product, places).items()]
        dropped = self._switches.dropped_fields
        if "ChildProducts" not in dropped:
            members.append(f'"ChildProducts":{json_text(self._children(product))}')
        if "CustomColumns" not in dropped:
            members.append(f'"CustomColumns":[{",".join(self._columns(product))}]')
        for name in sorted(self._switches.extra_fields):
            members.append(f'{json_text(name)}:"new"')
        return "{" + ",".join(members) + "}"

    def told(self, moment: datetime | None) -> str | None:
        """An instant as it is printed."""
        if moment is not None:
            return spell(local(moment, self.zone, self._switches.precision))
        return "0001-01-01T00:00:00" if self._switches.empty_dates == "year_one" else None

    # Parts

    def _record(self, product: Product, places: Sequence[int]) -> Record:
        switches = self._switches
        scoped = list(places) if switches.warehouse_quantities == "scoped" else []
        record = dict(product.fields)
        record |= self._identity(product)
        record |= self._sold(product)
        record |= self._quantities(product, scoped)
        record |= self._rebate(product)
        modified, aggregated = self._data.clocks(product)
        record |= {
            "CreationDate": product.created_at,
            "LastModifiedDate": modified,
            "LastAggregateDate": aggregated,
        }
        if switches.empty_numbers == "null":
            record |= {name: None for name in ZERO_IS_UNSET if not record[name]}
        if switches.masked_by_flags:
            for name, flag in MASKED_BY.items():
                if not record[flag]:
                    record[name] = "" if isinstance(record[name], str) else 0
        for name in DATES:
            record[name] = self.told(record[name])
            if record[name] is None and switches.empty_dates == "absent":
                del record[name]
        if switches.empty_text == "null":
            record = {name: None if value == "" else value for name, value in record.items()}
        dropped = switches.dropped_fields
        return {name: record[name] for name in FIELDS if name in record and name not in dropped}

    def _identity(self, product: Product) -> Record:
        data = self._data
        company, short = COMPANIES[product.company]
        is_active = data.holder(product).is_active
        return {
            "ID": product.id,
            "ProductName": product.name,
            "CompanyID": product.company,
            "CompanyName": company,
            "CompanyNameAbbreviation": short,
            "ShadowOf": product.shadow_of,
            "ActiveStatus": "Active" if is_active else "Disabled",
            "Status": int(is_active),
            "IsKit": product.kit_type is not None,
            "InventoryDependantOption": product.kit_type or 0,
            "FirstKitChild": product.children[0].product if product.children else "",
        }

    def _quantities(self, product: Product, scoped: Sequence[int]) -> Record:
        data, switches = self._data, self._switches
        places = scoped or list(data.warehouses)
        context = scoped or [MAIN]
        all_of = data.stock_of(product, places)
        here = data.stock_of(product, context)
        at_amazon = [one for one in places if data.warehouses[one]["WarehouseType"] == FBA]
        unsellable = [one for one in places if not data.warehouses[one]["IsSellAble"]]
        fba = data.stock_of(product, at_amazon).physical
        non_sellable = data.stock_of(product, unsellable).physical
        available = data.available(product, places)
        told = here if product.fields["WarehouseBasedPhysicalAndReservedQty"] else all_of
        by_orders = told.reserved - told.reserved // 4
        physical = told.physical
        if switches.physical_qty == "sellable":
            counted = context if told is here else places
            physical -= data.stock_of(product, set(counted).intersection(unsellable)).physical
        is_messy = switches.messy_quantities and product.number % 100 == MESSY
        is_part = switches.order_reserve_total == "part"
        holders = data.holders(product)
        each = product.fields["AverageCost"] if switches.values == "money" else 1
        values = {
            "WarehousePhysicalQtyValue": here.physical,
            "WarehouseReservedQtyValue": here.reserved,
            "ReserveQtyTotalValue": all_of.reserved,
            "AggregatePhysicalSellableQtyIncludingPhysicalValue": all_of.physical,
        }
        return {
            "AggregateQty": available + is_messy,
            "AggregatedQty": available if switches.aggregated_qty == "twin" else available - fba,
            "AggregatePhysicalQtyFBA": fba,
            "WarehousePhysicalQty": here.physical,
            "PhysicalQty": physical,
            "ReservedQty": told.reserved if is_part else told.reserved - by_orders,
            "OrderReserveTotal": by_orders,
            "AggregateNonSellableQty": non_sellable,
            "InventoryAvailableQty": available,
            "WarehouseName": data.warehouses[context[0]]["Name"],
            "WarehouseCount": len(holders if switches.warehouse_count == "holding" else data.warehouses),
            **{name: quantity * each for name, quantity in values.items()},
        }

    def _sold(self, product: Product) -> Record:
        ages = self._switches.counters_age
        today = self._clock.now().astimezone(self.zone).date() if ages else self._data.started_at.date()
        year = (today - date(today.year, 1, 1)).days
        return {
            **{f"QtySold{days}": _sold_in(product.sold, today, days) for days in SOLD},
            "QtySoldYTD": _sold_in(product.sold, today, year),
        }

    def _rebate(self, product: Product) -> Record:
        owner = self._data.holder(product) if self._switches.rebates_from_parent else product
        rebate: Rebate | None = owner.rebate
        if rebate is None or not rebate.starts_at <= self._clock.now() < rebate.ends_at:
            return {
                "ActiveRebateID": 0,
                "ActiveRebateValue": 0,
                "ActiveRebateDeductFromItemCost": 0,
                "ActiveRebateStartDate": None,
                "ActiveRebateEndDate": None,
                "ActiveRebateModifiedOn": None,
            }
        return {
            "ActiveRebateID": Decimal(f"{rebate.number}.0"),  # a double in the Swagger
            "ActiveRebateValue": rebate.value,
            "ActiveRebateDeductFromItemCost": rebate.deduct,
            "ActiveRebateStartDate": rebate.starts_at,
            "ActiveRebateEndDate": rebate.ends_at,
            "ActiveRebateModifiedOn": rebate.modified_at,
        }

    def _children(self, product: Product) -> list[Record]:
        return [
            {
                "ProductId": product.id,
                "ChildProductId": child.product,
                "PerKitQty": child.per_kit,
                "ProductName": self._data.child_name(child),
            }
            for child in product.children
        ]

    def _columns(self, product: Product) -> list[str]:
        texts = []
        for column in self._data.columns.values():
            before, after = self._frame(column)
            value = json_text(product.columns.get(column.id))
            new = value if self._switches.new_value == "value" else "null"
            texts.append(f"{before}{new}{after}{value}}}")
        return texts

    def _frame(self, column: Column) -> tuple[str, str]:
        """What every row repeats of a column, up to NewValue and from there to Value."""
        key = (column.label, column.options)
        kept = self._frames.get(column.id)
        if kept is None or kept[0] != key:
            before = {
                "ID": column.id,
                "DataType": column.data_type,
                "DataLength": column.length,
                "IsDropDownColumn": bool(column.options),
                "IsDropDownCustomTextAllowed": column.allows_text,
                "IsDropDownAllowMultipleSelection": column.allows_several,
                "ClientID": CLIENT,
                "NewValue": None,
            }
            options = [{"Key": key, "Value": value, "Additional": {}} for key, value in column.options]
            after = {
                "AllowHTMLPopup": column.allows_html,
                "DataSourceContainer": options,
                "IsRequired": column.is_required,
                "IsEnabledForClient": True,
                "DataTypeName": TYPES[column.data_type],
                "ColumnName": column.name,
                "DisplayName": column.label,
                "Value": None,
            }
            texts = (json_text(part).removesuffix("null}") for part in (before, after))
            kept = self._frames[column.id] = (key, next(texts), f",{next(texts)[1:]}")
        return kept[1], kept[2]


def _sold_in(sold: Sequence[int], today: date, days: int) -> int:
    """How many were sold in so many days before today."""
    weeks, rest = divmod(days, 7)
    first = today - timedelta(days=rest)
    return weeks * sum(sold) + sum(sold[(first.toordinal() + day) % 7] for day in range(rest))
