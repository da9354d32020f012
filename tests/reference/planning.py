"""What was sold, how long stock will last, what it is worth (spec F)."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from tests.reference.history import Daily, Period, by_product, last_day, position_history
from tests.reference.matching import Match, is_one_unit, members_of
from tests.reference.nested import overrides
from tests.reference.products import Thing
from tests.reference.stock import Numbers, Stock, levels, movements, positions
from tests.reference.world import Life, Product, decimal

WINDOWS = (15, 30, 60, 90, 180, 365)
VELOCITY = 30
"""The var velocity_days."""


def ratio(part: Decimal | int | None, whole: Decimal | int | None) -> Decimal | None:
    """Four digits; null where either is unknown or there is nothing to divide by."""
    if part is None or not whole:
        return None
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def now(life: Life) -> dict[Product, Stock]:
    """Every product's position as it was last read."""
    found: dict[Product, Stock] = {}
    for provider in life.last.truth:
        found |= positions(life.of(provider)[-1], provider)
    return found


class Sales(NamedTuple):
    """A row of fct_product_sales by product and window."""

    as_of_day: date
    sales_source: str
    quantity_sold: Decimal | None
    quantity_returned: Decimal | None
    covered_days: int


def sales(life: Life) -> dict[tuple[Product, int], Sales]:
    """What each product with a position sold in the windows that end on its account's last day."""
    history = position_history(life)
    found = {}
    for product in now(life):
        as_of = last_day(life, product[0])
        for window in WINDOWS:
            after = as_of - timedelta(days=window)
            match product[0]:
                case "sellercloud":
                    row = life.now("sellercloud", "inventory")[(product[1],)]
                    sold = decimal(row[f"QtySold{window}"])
                    found[product, window] = Sales(as_of, "provider", sold, None, window)
                case "square":
                    sold, returned = _sold_and_returned(life, product[1], after, as_of)
                    net = sold - returned
                    found[product, window] = Sales(as_of, "movements", net, returned, window)
                case _:
                    held = history[product]
                    covered = min(window, (as_of - held[0].first).days)
                    found[product, window] = Sales(
                        as_of, "history", _falls(held, after, as_of), None, covered
                    )
    return found


SOLD = ("SOLD", "SOLD_ONLINE")


def _sold_and_returned(life: Life, product: str, after: date, through: date) -> tuple[Decimal, Decimal]:
    """The inventory changes from any other state to a sold one, and those back, by the day they occurred."""
    sold = returned = Decimal(0)
    for (kind, _), one in movements(life.of("square")[-1]).items():
        if one.product_id != product or one.occurred_at is None or kind == "PHYSICAL_COUNT":
            continue
        if after < one.occurred_at.date() <= through:
            if one.to_state in SOLD and one.from_state not in SOLD:
                sold += one.quantity
            if one.from_state in (*SOLD, "UNLINKED_RETURN") and one.to_state not in SOLD:
                returned += one.quantity
    return sold, returned


def _falls(held: list[Period], after: date, through: date) -> Decimal:
    """What the numbers fell by between neighbours, on hand where both know it, else available."""
    fallen = Decimal(0)
    for place in range(1, len(held)):
        before, later = held[place - 1].standing, held[place].standing
        if before is None or later is None or not after < held[place].first <= through:
            continue
        fell = _fall(before[0], later[0])
        fallen += max(fell or Decimal(0), Decimal(0))
    return fallen


def _fall(before: Numbers, later: Numbers) -> Decimal | None:
    if before.quantity_on_hand is not None and later.quantity_on_hand is not None:
        return before.quantity_on_hand - later.quantity_on_hand
    if before.quantity_available is not None and later.quantity_available is not None:
        return before.quantity_available - later.quantity_available
    return None


class Cover(NamedTuple):
    """A row of rpt_days_of_cover but for its names."""

    quantity_available: Decimal | None
    velocity_source: str
    quantity_sold: Decimal | None
    covered_days: int
    days_observed: int
    days_in_stock: int
    daily_sales: Decimal | None
    daily_sales_in_stock: Decimal | None
    days_of_cover: Decimal | None
    days_of_cover_all_days: Decimal | None
    sells_out_on: date | None
    is_no_demand: bool | None
    as_of_day: date


def days_of_cover(life: Life, days: Mapping[tuple[Product, date], Daily]) -> dict[Product, Cover]:
    """How long what is available lasts at the rate of the window, on days in stock and on all days."""
    sold_by, held_by = sales(life), by_product(days)
    found = {}
    for product, stock in now(life).items():
        if not stock.is_additive or not stock.is_tracked:
            continue
        said = sold_by[product, VELOCITY]
        after = said.as_of_day - timedelta(days=VELOCITY)
        window = [one for day, one in held_by[product].items() if after < day <= said.as_of_day]
        observed = sum(one.is_observed for one in window)
        in_stock = sum(one.is_observed and one.is_stockout is False for one in window)
        sold, covered = said.quantity_sold, said.covered_days
        demanded = None if sold is None else max(sold, Decimal(0))
        available = stock.numbers.quantity_available
        left = None if available is None else max(available, Decimal(0))
        cover = ratio(_times(left, covered * in_stock), _times(demanded, observed))
        found[product] = Cover(
            available,
            "none" if sold is None else said.sales_source,
            sold,
            covered,
            observed,
            in_stock,
            ratio(demanded, covered),
            ratio(_times(demanded, observed), covered * in_stock),
            cover,
            ratio(_times(left, covered), demanded),
            _after(said.as_of_day, cover),
            None if sold is None else sold <= 0,
            said.as_of_day,
        )
    return found


def _after(day: date, cover: Decimal | None) -> date | None:
    """The day on which it is sold out; null where that is after all calendars."""
    if cover is None or cover > (date.max - day).days:
        return None
    return day + timedelta(days=int(cover))


def _times(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else value * factor


class Value(NamedTuple):
    """A row of rpt_inventory_value but for its names."""

    quantity_on_hand: Decimal | None
    unit_cost: Decimal | None
    currency_code: str | None
    value_at_cost: Decimal | None
    is_cost_missing: bool
    is_currency_missing: bool


def values(life: Life, things: Mapping[Product, Thing]) -> dict[Product, Value]:
    """What is on hand of products with own stock, at cost; a cost of 0 is none."""
    found = {}
    for product, stock in now(life).items():
        if not stock.is_additive:
            continue
        cost, on_hand = things[product].unit_cost, stock.numbers.quantity_on_hand
        worth = on_hand * cost if cost and on_hand is not None else None
        code = things[product].currency_code
        found[product] = Value(on_hand, cost, code, worth, not cost, code is None)
    return found


class Low(NamedTuple):
    """A row of rpt_low_stock by product and location but for its names."""

    quantity_available: Decimal
    reorder_point: Decimal
    quantity_short: Decimal
    quantity_incoming: Decimal | None
    quantity_suggested: Decimal | None
    reorder_point_source: str
    is_additive: bool


def low_stock(
    life: Life, things: Mapping[Product, Thing], days: Mapping[tuple[Product, date], Daily]
) -> dict[tuple[Product, str | None], Low]:
    """Square by location, which may have a threshold of its own or none; the others all together."""
    found: dict[tuple[Product, str | None], Low] = {}
    own, cover = overrides(life), days_of_cover(life, days)
    places = Counter(product for _, product, _ in levels(life.of("square")[-1], "square"))
    for (provider, key, location), stock in levels(life.of("square")[-1], "square").items():
        product = (provider, key)
        said = own.get((product, location))
        point, source = things[product].reorder_point, "product"
        if said is not None and said.is_alert_on is not None:
            point, source = said.reorder_point, "location"
        speed = cover.get(product) if places[key] == 1 else None
        _note_low(found, things, product, location, stock, point, source, speed)
    for product, stock in now(life).items():
        if product[0] not in ("square", "ventmere_s2"):
            point = things[product].reorder_point
            _note_low(found, things, product, None, stock, point, "product", cover.get(product))
    return found


def _note_low(
    found: dict[tuple[Product, str | None], Low],
    things: Mapping[Product, Thing],
    product: Product,
    location: str | None,
    stock: Stock,
    point: Decimal | None,
    source: str,
    speed: Cover | None,
) -> None:
    available, incoming = stock.numbers.quantity_available, stock.numbers.quantity_incoming
    if things[product].is_deleted or available is None or point is None or available > point:
        return
    suggested = None
    if speed is not None and stock.is_additive and speed.quantity_sold is not None:
        sold = max(speed.quantity_sold, Decimal(0)) * speed.days_observed * VELOCITY
        demand = ratio(sold, speed.covered_days * speed.days_in_stock)
        if demand is not None:
            suggested = max(point + demand - available - (incoming or 0), Decimal(0))
            if is_one_unit({product: things[product], ("", ""): Thing()}, [product, ("", "")]):
                suggested = suggested.to_integral_value(ROUND_CEILING)
    found[product, location] = Low(
        available, point, point - available, incoming, suggested, source, stock.is_additive
    )


class SellThrough(NamedTuple):
    """A row of rpt_sell_through but for its names."""

    quantity_sold: Decimal | None
    quantity_on_hand: Decimal | None
    sell_through: Decimal | None


def sell_through(life: Life) -> dict[Product, SellThrough]:
    """What was sold of what could be sold, in the window of the velocity."""
    said = sales(life)
    found = {}
    for product, stock in now(life).items():
        if stock.is_additive and stock.is_tracked:
            sold, on_hand = said[product, VELOCITY].quantity_sold, stock.numbers.quantity_on_hand
            gone = None if sold is None else max(sold, Decimal(0))
            share = None
            if gone is not None and on_hand is not None:
                share = ratio(gone, gone + max(on_hand, Decimal(0)))
            found[product] = SellThrough(sold, on_hand, share)
    return found


class LocationValue(NamedTuple):
    """A row of rpt_value_by_location by product and location but for its names."""

    quantity_on_hand: Decimal | None
    unit_cost: Decimal | None
    cost_source: str
    currency_code: str | None
    value_at_cost: Decimal | None


def location_values(
    life: Life, things: Mapping[Product, Thing], matched: Mapping[Product, Match]
) -> dict[tuple[Product, str | None], LocationValue]:
    """What lies where, at its own cost or the one that its item's other products agree on."""
    item_of = {one: members for members in members_of(matched) for one in members}
    places: dict[tuple[Product, str | None], Stock] = {}
    for provider in life.last.truth:
        for (_, key, location), stock in levels(life.of(provider)[-1], provider).items():
            places[(provider, key), location] = stock
    somewhere = {product for (product, _), stock in places.items() if stock.is_additive}
    places |= {(product, None): stock for product, stock in now(life).items() if product not in somewhere}
    found = {}
    for (product, location), stock in places.items():
        if not stock.is_additive:
            continue
        thing, on_hand = things[product], stock.numbers.quantity_on_hand
        lenders = {
            (things[one].unit_cost, things[one].currency_code)
            for one in item_of[product]
            if things[one].unit_cost and not things[one].is_gone and is_one_unit(things, [one, product])
        }
        costs, currencies = {cost for cost, _ in lenders}, {code for _, code in lenders} - {None}
        if thing.unit_cost:
            cost, code, source = thing.unit_cost, thing.currency_code, "product"
        elif len(costs) == 1 and len(currencies) < 2:
            cost, code, source = *costs, next(iter(currencies), None), "item"
        else:
            cost, code, source = None, None, "several" if lenders else "none"
        worth = None if cost is None or on_hand is None else on_hand * cost
        found[product, location] = LocationValue(on_hand, cost, source, code, worth)
    return found


class Class(NamedTuple):
    """A row of rpt_abc_classes but for its names and its rank."""

    quantity_sold: Decimal | None
    covered_days: int
    sales_source: str
    unit_cost: Decimal | None
    yearly_value: Decimal | None
    cumulative_share: Decimal | None
    abc_class: str
    is_cost_missing: bool


def abc(life: Life, things: Mapping[Product, Thing]) -> dict[Product, Class]:
    """Per account and currency, what sold for most first: A while the share before it is below 0.8."""
    sold_by = sales(life)
    own = [product for product, stock in now(life).items() if stock.is_additive]
    groups: dict[tuple[str, str | None], list[Product]] = {}
    worth: dict[Product, Decimal] = {}
    for product in own:
        sold, cost = sold_by[product, 365].quantity_sold, things[product].unit_cost
        if sold is not None and cost:
            worth[product] = sold * cost
            groups.setdefault((product[0], things[product].currency_code), []).append(product)
    shares: dict[Product, tuple[Decimal, Decimal]] = {}
    for group in groups.values():
        everything = sum((worth[one] for one in group), Decimal(0))
        before = Decimal(0)
        for product in sorted(group, key=lambda one: (-worth[one], one)):
            if worth[product] > 0:
                shares[product] = (before / everything, (before + worth[product]) / everything)
                before += worth[product]
    found = {}
    for product in own:
        said, cost = sold_by[product, 365], things[product].unit_cost
        share = shares.get(product)
        if said.quantity_sold is not None and said.quantity_sold <= 0:
            name = "none"
        elif share is None:
            name = "unknown"
        else:
            name = "A" if share[0] < Decimal("0.8") else "B" if share[0] < Decimal("0.95") else "C"
        found[product] = Class(
            said.quantity_sold,
            said.covered_days,
            said.sales_source,
            cost,
            worth.get(product),
            None if share is None else ratio(share[1], 1),
            name,
            not cost,
        )
    return found
