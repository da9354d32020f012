"""Rows as a reader is served them, under the switches of the moment (sellercloud.md §6, §7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.clock import Clock
from sandbox.json_text import json_text
from sandbox.kit import Record
from sandbox.sellercloud.columns import CLIENT, TYPES, Column
from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.local_time import local, spell
from sandbox.sellercloud.products import COMPANIES, FBA, MAIN, Product, Rebate
from sandbox.sellercloud.switches import SellercloudSwitches

DATES = (
    "ExpectedDeliveryDate",
    "CreationDate",
    "ActiveRebateStartDate",
    "ActiveRebateEndDate",
    "ActiveRebateModifiedOn",
    "LastAggregateDate",
    "LastModifiedDate",
)
"""The fields of a row that are times."""
SOLD = (15, 30, 60, 90, 180, 365)


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
        self._texts: dict[tuple[str, tuple[int, ...]], tuple[Any, str]] = {}
        self._changed: dict[str, int] = {}
        """By product, which of all changes was its last."""
        self._changes = 0

    @property
    def zone(self) -> ZoneInfo:
        """The server's."""
        return ZoneInfo(self._switches.timezone)

    @property
    def state(self) -> tuple[Any, ...]:
        """Differs when other rows may be served than before, or in another order."""
        switches = self._switches
        inclusive = switches.from_inclusive, switches.to_inclusive
        return self._data.version, switches.row_order, inclusive, *self._clock_switches

    @property
    def _clock_switches(self) -> tuple[Any, ...]:
        """What says which clocks a row shows."""
        switches = self._switches
        return (
            switches.timezone,
            switches.precision,
            switches.quantity_moves_modified,
            switches.empty_aggregation_moves_clock,
            switches.shadow_follows_clock,
            switches.kit_follows_clock,
        )

    def rows(self) -> list[Row]:
        """All rows, by ID. The same list until a product comes or goes; not to be changed."""
        seen = self._clock_switches
        changed: Sequence[str] = self._data.journal[self._read :]
        if seen != self._seen:
            self._seen, changed = seen, [*changed, *self._data.products]
        self._changed |= {one: self._changes + place for place, one in enumerate(changed)}
        self._changes += len(changed)
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
        self.rows()  # notes what has changed
        switches, now = self._switches, self._clock.now()
        state = (
            self._changed[product.id],
            switches.empty_dates,
            switches.counters_age and now.astimezone(self.zone).date(),
            product.rebate is not None and product.rebate.starts_at <= now < product.rebate.ends_at,
        )
        key = (product.id, tuple(places))
        kept = self._texts.get(key)
        if kept is None or kept[0] != state:
            kept = self._texts[key] = (state, self._text(product, places))
        return kept[1]

    def _text(self, product: Product, places: Sequence[int]) -> str:
        record = {**self._record(product, places), "ChildProducts": self._children(product)}
        return f'{json_text(record)[:-1]},"CustomColumns":[{",".join(self._columns(product))}]}}'

    def told(self, moment: datetime | None) -> str | None:
        """An instant as it is printed."""
        if moment is not None:
            return spell(local(moment, self.zone, self._switches.precision))
        return "0001-01-01T00:00:00" if self._switches.empty_dates == "year_one" else None

    # Parts

    def _record(self, product: Product, places: Sequence[int]) -> Record:
        modified, aggregated = self._data.clocks(product)
        record = {
            **product.fields,
            **self._identity(product),
            **self._sold(product),
            **self._quantities(product, places),
            **_rebate(product.rebate, self._clock.now()),
            "CreationDate": product.created_at,
            "LastModifiedDate": modified,
            "LastAggregateDate": aggregated,
        }
        for name in DATES:
            record[name] = self.told(record[name])
            if record[name] is None and self._switches.empty_dates == "absent":
                del record[name]
        return record

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
        data = self._data
        places = scoped or list(data.warehouses)
        context = scoped or [MAIN]
        all_of = data.stock_of(product, places)
        here = data.stock_of(product, context)
        at_amazon = [one for one in places if data.warehouses[one]["WarehouseType"] == FBA]
        unsellable = [one for one in places if not data.warehouses[one]["IsSellAble"]]
        fba = data.stock_of(product, at_amazon).physical
        available = data.available(product, places)
        told = here if product.fields["WarehouseBasedPhysicalAndReservedQty"] else all_of
        each = product.fields["AverageCost"]
        return {
            "AggregateQty": available,
            "AggregatedQty": available - fba,
            "AggregatePhysicalQtyFBA": fba,
            "WarehousePhysicalQty": here.physical,
            "PhysicalQty": told.physical,
            "ReservedQty": told.reserved,
            "OrderReserveTotal": told.reserved - told.reserved // 4,
            "AggregateNonSellableQty": data.stock_of(product, unsellable).physical,
            "InventoryAvailableQty": available,
            "WarehouseName": data.warehouses[context[0]]["Name"],
            "WarehouseCount": len(data.holders(product)),
            "WarehousePhysicalQtyValue": here.physical * each,
            "WarehouseReservedQtyValue": here.reserved * each,
            "ReserveQtyTotalValue": all_of.reserved * each,
            "AggregatePhysicalSellableQtyIncludingPhysicalValue": all_of.physical * each,
        }

    def _sold(self, product: Product) -> Record:
        ages = self._switches.counters_age
        today = self._clock.now().astimezone(self.zone).date() if ages else self._data.started_at.date()
        year = (today - date(today.year, 1, 1)).days
        return {
            **{f"QtySold{days}": _sold_in(product.sold, today, days) for days in SOLD},
            "QtySoldYTD": _sold_in(product.sold, today, year),
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
            texts.append(f"{before}null{after}{json_text(product.columns.get(column.id))}}}")
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


def _rebate(rebate: Rebate | None, now: datetime) -> Record:
    if rebate is None or not rebate.starts_at <= now < rebate.ends_at:
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


def _sold_in(sold: Sequence[int], today: date, days: int) -> int:
    """How many were sold in so many days before today."""
    weeks, rest = divmod(days, 7)
    first = today - timedelta(days=rest)
    return weeks * sum(sold) + sum(sold[(first.toordinal() + day) % 7] for day in range(rest))
