"""What is where on one day, as design §7 makes it of each provider's words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from tests.reference.world import Day, Place, Product, Record, decimal, instant, local, typed

ON_HAND = {"IN_STOCK", "RESERVED_FOR_SALE", "RETURNED_BY_CUSTOMER", "RECEIVED_FROM_VENDOR"}
UNSELLABLE = {"RETURNED_BY_CUSTOMER", "RECEIVED_FROM_VENDOR"}
INCOMING = {"ORDERED_FROM_VENDOR", "IN_TRANSIT", "IN_TRANSIT_TO"}
SUMMED = ("square", "ventmere_s2")
"""The providers that give no total: a position is the sum over locations."""


class Numbers(NamedTuple):
    """The seven measures, in their order; null where a provider does not say (design §7)."""

    quantity_on_hand: Decimal | None = None
    quantity_available: Decimal | None = None
    quantity_reserved: Decimal | None = None
    quantity_incoming: Decimal | None = None
    quantity_backordered: Decimal | None = None
    quantity_unsellable: Decimal | None = None
    quantity_advertised: Decimal | None = None


MEASURES = Numbers._fields


class Stock(NamedTuple):
    """Numbers, whether they count in totals, and when the provider last counted."""

    numbers: Numbers
    is_additive: bool = True
    counted_at: datetime | None = None
    is_tracked: bool = True
    """False where the numbers mean nothing, and are null."""


def has_own_stock(record: Record) -> bool:
    """Sellercloud: no shadow, and no kit whose stock is that of its parts (sellercloud.md §6.5)."""
    return not record["ShadowOf"] and (not record["IsKit"] or record["InventoryDependantOption"] == 0)


# Levels


@cache
def levels(day: Day, provider: str) -> Mapping[Place, Stock]:
    """What lies of each product at each location."""
    match provider:
        case "square":
            return _square_levels(day)
        case "ventmere_s2":
            return {
                (provider, product, warehouse): _s2_level(item["level"])
                for (warehouse, product), item in day.records(provider, "inventory_items").items()
            }
        case "shipstream":
            return {
                (provider, typed(kind, product), warehouse): _told(
                    Stock(_shipstream(level), counted_at=instant(level["updated_at"])),
                    is_foreign=_is_virtual(day, kind, product),
                )
                for (kind, product, warehouse), level in day.records(provider, "warehouse_levels").items()
            }
        case "sellercloud":
            return {
                (provider, product, warehouse): _told(
                    _sellercloud_level(row), is_foreign=_is_drop_shipper(day, warehouse)
                )
                for (warehouse, product), row in day.records(provider, "warehouse_inventory").items()
            }
    return {}  # Augno has no locations


def _square_levels(day: Day) -> dict[Place, Stock]:
    counts: dict[Place, dict[str, Record]] = defaultdict(dict)
    for (product, location, state), count in day.records("square", "inventory_counts").items():
        counts["square", product, location][state] = count
    return {place: _square_level(states) for place, states in counts.items()}


def _square_level(states: Mapping[str, Record]) -> Stock:
    """Sums over the states that are there; none of them there is not zero (square.md §4)."""

    def of(*wanted: str) -> Decimal | None:
        return total(Decimal(states[state]["quantity"]) for state in states if state in wanted)

    in_stock = of("IN_STOCK")
    numbers = Numbers(
        quantity_on_hand=of(*ON_HAND),
        quantity_available=in_stock,
        quantity_reserved=of("RESERVED_FOR_SALE"),
        quantity_incoming=of(*INCOMING),
        quantity_unsellable=of(*UNSELLABLE),
        quantity_advertised=in_stock,
    )
    return Stock(numbers, counted_at=latest(instant(one["calculated_at"]) for one in states.values()))


def _s2_level(level: Record) -> Stock:
    """The account says that `available` is net (design §7); the sign of `reserved` is turned round."""
    available, reserved = Decimal(level["available"]), abs(Decimal(level["reserved"]))
    numbers = Numbers(
        quantity_on_hand=available + reserved,
        quantity_available=available,
        quantity_reserved=reserved,
        quantity_incoming=Decimal(level["incoming"]),
    )
    return Stock(numbers, counted_at=instant(level["updatedAt"]))


def _shipstream(level: Record) -> Numbers:
    """A level by warehouse knows no backorders (shipstream.md §6.1)."""
    return Numbers(
        quantity_on_hand=Decimal(level["qty_on_hand"]),
        quantity_available=Decimal(level["qty_available"]),
        quantity_reserved=Decimal(level["qty_allocated"] + level["qty_reserved"] + level["qty_picked"]),
        quantity_incoming=Decimal(level["qty_expected"]),
        quantity_backordered=decimal(level.get("qty_backordered")),
        quantity_unsellable=Decimal(level["qty_processed"] + level["qty_putaway"]),
        quantity_advertised=Decimal(level["qty_advertised"]),
    )


def _sellercloud_level(row: Record) -> Stock:
    """On hand is the warehouse's own; available too, as the account says `scoped` (fct_inventory_levels)."""
    numbers = Numbers(
        quantity_on_hand=decimal(row["WarehousePhysicalQty"]),
        quantity_available=decimal(row["InventoryAvailableQty"]),
    )
    return Stock(numbers, has_own_stock(row), new_york(row["LastAggregateDate"]))


# Positions


@cache
def positions(day: Day, provider: str) -> Mapping[Product, Stock]:
    """What there is of each product in all: the provider's own total, or the sum over locations."""
    match provider:
        case "shipstream":
            return {
                (provider, typed(kind, product)): _told(
                    Stock(_shipstream(level), counted_at=instant(level["updated_at"])),
                    is_foreign=_is_virtual(day, kind, product),
                )
                for (kind, product), level in day.records(provider, "total_levels").items()
            }
        case "augno":
            return {
                (provider, item): Stock(_augno(stock))
                for (item,), stock in day.records(provider, "item_inventory").items()
            }
        case "sellercloud":
            return {
                (provider, product): Stock(
                    _sellercloud(row), has_own_stock(row), new_york(row["LastAggregateDate"])
                )
                for (product,), row in day.records(provider, "inventory").items()
            }
    return summed(levels(day, provider))


def summed(places: Mapping[Place, Stock]) -> dict[Product, Stock]:
    """Levels of a product together: each measure over the locations that say it."""
    held: dict[Product, list[Stock]] = defaultdict(list)
    for (provider, product, _), stock in places.items():
        held[provider, product].append(stock)
    return {
        product: Stock(
            Numbers(*map(total, zip(*(one.numbers for one in stocks), strict=True))),
            all(one.is_additive for one in stocks),
            latest(one.counted_at for one in stocks),
        )
        for product, stocks in held.items()
    }


def holds_something(numbers: Numbers) -> bool:
    """Whether anything is there, under way or owed, whatever is advertised."""
    return any(numbers[:-1])


def _told(stock: Stock, *, is_foreign: bool) -> Stock:
    """Of another's stock a row without anything says nothing."""
    if not is_foreign or holds_something(stock.numbers):
        return stock
    return stock._replace(numbers=Numbers(), is_tracked=False)


def _is_virtual(day: Day, kind: str, product: str) -> bool:
    """Put together when it is sold (shipstream.md §6.2)."""
    record = day.records("shipstream", "products").get((kind, product))
    return record is not None and record["inventory"]["virtual_inventory"] != "none"


def _is_drop_shipper(day: Day, warehouse: str) -> bool:
    """Somebody else's warehouse (sellercloud.md §2)."""
    record = day.records("sellercloud", "warehouses").get((warehouse,))
    return record is not None and record["WarehouseType"] == 4


def _augno(stock: Record) -> Numbers:
    available = decimal(stock["available_to_promise"]["value"])
    return Numbers(
        quantity_on_hand=decimal(stock["on_hand"]["value"]),
        quantity_available=available,
        quantity_reserved=decimal(stock["reserved"]["value"]),
        quantity_backordered=decimal(stock["short"]["value"]),
        quantity_advertised=available,
    )


def _sellercloud(row: Record) -> Numbers:
    """Backorders are masked as 0 for a user who may not see them (sellercloud.md §6.4)."""
    return Numbers(
        quantity_on_hand=decimal(row["PhysicalQty"]),
        quantity_available=decimal(row["InventoryAvailableQty"]),
        quantity_reserved=decimal(row["ReservedQty"]),
        quantity_incoming=decimal(row["OnOrder"]),
        quantity_backordered=decimal(row["OnBackOrder"]) if row["BackOrderVisible"] else None,
        quantity_unsellable=decimal(row["AggregateNonSellableQty"]),
        quantity_advertised=decimal(row["AggregateQty"]),
    )


# States and movements


def states(day: Day) -> dict[tuple[str, str, str, str], Decimal]:
    """Quantities by product, location and the provider's own word, sign included (fct_inventory_states)."""
    found: dict[tuple[str, str, str, str], Decimal] = {}
    for (product, location, state), count in day.records("square", "inventory_counts").items():
        found["square", product, location, state] = Decimal(count["quantity"])
    for (warehouse, product), item in day.records("ventmere_s2", "inventory_items").items():
        for state in ("available", "incoming", "reserved"):
            found["ventmere_s2", product, warehouse, state] = Decimal(item["level"][state])
    return found


class Movement(NamedTuple):
    """One of Square's inventory changes, as fct_stock_movements has it (square.md §6.5)."""

    product_id: str
    from_location_id: str | None
    to_location_id: str | None
    from_state: str | None
    to_state: str
    quantity: Decimal
    occurred_at: datetime | None
    received_at: datetime | None


@cache
def movements(day: Day) -> Mapping[tuple[str, str], Movement]:
    """The inventory changes by type and id; a recount comes from nowhere."""
    found = {}
    for (kind, entry), change in day.records("square", "inventory_changes").items():
        inner: dict[str, Any] = change[kind.lower()]
        recount = kind == "PHYSICAL_COUNT"
        found[kind, entry] = Movement(
            inner["catalog_object_id"],
            None if recount else inner["from_location_id"],
            inner["location_id"] if recount else inner["to_location_id"],
            None if recount else inner["from_state"],
            inner["state"] if recount else inner["to_state"],
            Decimal(inner["quantity"]),
            instant(inner["occurred_at"]),
            instant(inner["created_at"]),
        )
    return found


# Parts


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of those that are known; null when none is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in moments if one is not None), default=None)


def new_york(text: str | None) -> datetime | None:
    """A naive time in the account's zone; the year 1 is never (sellercloud.md §6)."""
    return local(text, "America/New_York")
