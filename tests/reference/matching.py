"""Which products of different systems are one item, and where the systems disagree on it (spec D)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from tests.reference.history import Daily
from tests.reference.products import Thing, cleaned
from tests.reference.stock import Numbers, Stock, earliest, holds_something, latest, total
from tests.reference.world import Product


class Match(NamedTuple):
    """What makes a product part of an item; products of one code are one item."""

    code: tuple[str, ...]
    rule: str
    is_ambiguous: bool


def is_present(things: Mapping[Product, Thing], stock: Mapping[Product, Stock], product: Product) -> bool:
    """Whether a product is there: a record of it or of its stock is, and it is not deleted and empty."""
    thing = things[product]
    if thing.is_gone:
        return product in stock
    return not thing.is_deleted or (product in stock and holds_something(stock[product].numbers))


def matches(things: Mapping[Product, Thing], stock: Mapping[Product, Stock]) -> dict[Product, Match]:
    """Barcode first, else SKU in lower case, else the product alone (design §7).

    A code that two products of one account share is ambiguous. Neither a shadow nor what is not there makes
    one so; a shadow goes with its parent. Stock of a product that is gone has no code. A system that knows
    only the SKU joins those that know the one barcode that this SKU has elsewhere.
    """
    own = {
        product: replace(thing, gtin=None, sku=None) if thing.is_gone and product in stock else thing
        for product, thing in things.items()
        if thing.shadow_of is None
    }
    counted = {product for product in own if is_present(things, stock, product)}
    twice_gtin = _twice((own[one].gtin, one[0]) for one in counted)
    twice_sku = _twice((sku_code(own[one]), one[0]) for one in counted)
    gtins_of: dict[str | None, set[str]] = defaultdict(set)
    for one in counted:
        code = own[one].gtin
        if code is not None and code not in twice_gtin:
            gtins_of[sku_code(own[one])].add(code)

    coded: dict[Product, tuple[str, str | None, bool]] = {}
    for product, thing in own.items():
        sku = sku_code(thing)
        if thing.gtin is not None:
            coded[product] = ("gtin", thing.gtin, thing.gtin in twice_gtin)
        elif sku is not None:
            elsewhere = gtins_of.get(sku, set())
            is_ambiguous = sku in twice_sku or len(elsewhere) > 1
            coded[product] = ("sku", min(elsewhere, default=None), is_ambiguous)
        else:
            coded[product] = ("none", None, False)
    meeting = Counter((code, product[0]) for product, (_, code, _) in coded.items() if product in counted)

    found: dict[Product, Match] = {}
    for product, (rule, code, is_ambiguous) in coded.items():
        by_way_of_sku = rule == "sku" and code is not None
        # Two products of one account may meet by way of a third: the one without a barcode stays alone.
        meets = by_way_of_sku and product in counted and meeting[code, product[0]] > 1
        alone = is_ambiguous or meets
        if alone or rule == "none":
            found[product] = Match(("product", *product), rule, alone)
        elif code is not None:
            found[product] = Match(("gtin", code), "gtin", False)
        else:
            found[product] = Match(("sku", str(sku_code(own[product]))), "sku", False)
    for product, thing in things.items():
        if thing.shadow_of is not None:
            key = (product[0], thing.shadow_of)
            is_followed = key in things and (
                is_present(things, stock, key) or not is_present(things, stock, product)
            )
            parent = found.get(key) if is_followed else None
            found[product] = parent or Match(("product", *product), "none", False)
    return found


def sku_code(thing: Thing) -> str | None:
    code = cleaned(thing.sku)
    return code.lower() if code else None


def _twice(codes: Iterable[tuple[str | None, str]]) -> set[str]:
    """Codes that some account has more than once."""
    return {code for (code, _), times in Counter(codes).items() if code is not None and times > 1}


class Item(NamedTuple):
    """A row of dim_items, by the products that make it."""

    match_rule: str
    is_ambiguous: bool
    gtin: str | None
    sku: str | None
    name: str | None
    brand: str | None
    product_count: int
    account_count: int
    system_count: int


Members = frozenset[Product]


def items(
    things: Mapping[Product, Thing], matched: Mapping[Product, Match], stock: Mapping[Product, Stock]
) -> dict[Members, Item]:
    """Items with the names of their best named product (dim_items)."""
    found = {}
    for members, match in members_of(matched).items():
        there = [one for one in members if is_present(things, stock, one)] or members
        ordered = by_name(things, there, set(stock))
        best = ordered[0]
        systems = len({provider for provider, _ in there})
        found[members] = Item(
            match.rule,
            match.is_ambiguous,
            next((gtin for one in ordered if (gtin := things[one].gtin)), None),
            things[best].sku,
            things[best].name,
            things[best].brand,
            len(ordered),
            systems,
            systems,
        )
    return found


def members_of(matched: Mapping[Product, Match]) -> dict[Members, Match]:
    held: dict[tuple[str, ...], set[Product]] = defaultdict(set)
    by_code: dict[tuple[str, ...], Match] = {}
    for product, match in matched.items():
        held[match.code].add(product)
        by_code[match.code] = match
    return {frozenset(products): by_code[code] for code, products in held.items()}


def by_name(
    things: Mapping[Product, Thing], members: Iterable[Product], stock: set[Product]
) -> list[Product]:
    """Named ones first; shadows last, products without stock before them; else by provider and id."""

    def place(one: Product) -> tuple[bool, bool, bool, Product]:
        thing = things[one]
        return thing.name is None, thing.shadow_of is not None, one not in stock, one

    return sorted(members, key=place)


class Consolidated(NamedTuple):
    """A row of rpt_stock_consolidated: totals and what each system says, of additive positions alone."""

    numbers: Numbers
    on_hand: dict[str, Decimal | None]
    available: dict[str, Decimal | None]
    on_hand_spread: Decimal | None
    available_spread: Decimal | None
    oldest_counted_at: datetime | None
    newest_counted_at: datetime | None


PIECES = (None, "each", "ea", "piece", "pieces", "pcs", "unit", "units")


def is_one_unit(things: Mapping[Product, Thing], members: Iterable[Product]) -> bool:
    """Whether what they count can be added up."""
    units = {unit and unit.lower() for one in members for unit in [things[one].unit_of_measure]}
    return len({None if unit in PIECES else unit for unit in units}) < 2


def consolidated(
    things: Mapping[Product, Thing], matched: Mapping[Product, Match], stock: Mapping[Product, Stock]
) -> dict[Members, Consolidated]:
    """Items that have a position: each measure summed over the rows that count, where their unit is one."""
    found = {}
    for members in members_of(matched):
        held = {one: stock[one] for one in members if one in stock}
        if not held:
            continue
        counted = {one: place.numbers for one, place in held.items() if place.is_additive}
        systems = sorted({provider for provider, _ in held})

        def said(name: str, provider: str, rows: Mapping[Product, Numbers] = counted) -> Decimal | None:
            its = {one: numbers for one, numbers in rows.items() if one[0] == provider}
            return total(getattr(one, name) for one in its.values()) if is_one_unit(things, its) else None

        on_hand = {provider: said("quantity_on_hand", provider) for provider in systems}
        available = {provider: said("quantity_available", provider) for provider in systems}
        adds_up = is_one_unit(things, counted)
        totals = (total(getattr(one, name) for one in counted.values()) for name in Numbers._fields)
        found[members] = Consolidated(
            Numbers(*totals) if adds_up else Numbers(),
            on_hand,
            available,
            _spread(on_hand.values()) if adds_up else None,
            _spread(available.values()) if adds_up else None,
            earliest(one.counted_at for one in held.values()),
            latest(one.counted_at for one in held.values()),
        )
    return found


def number_ages(
    matched: Mapping[Product, Match], stock: Mapping[Product, Stock], asked: Mapping[Product, datetime]
) -> dict[Members, tuple[dict[str, datetime], int | None]]:
    """Each system's oldest number of an item, counted or else asked for, and the seconds between them."""
    found = {}
    for members in members_of(matched):
        if not any(one in stock for one in members):
            continue
        ages: dict[str, datetime] = {}
        for one in members:
            if _counts(stock, one) and stock[one].is_tracked:
                at = stock[one].counted_at or asked[one]
                ages[one[0]] = min(ages.get(one[0], at), at)
        seconds = [at.replace(microsecond=0) for at in ages.values()]
        apart = int((max(seconds) - min(seconds)).total_seconds()) if len(seconds) > 1 else None
        found[members] = (ages, apart)
    return found


def _spread(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return max(known) - min(known) if len(known) > 1 else None


def ambiguous_codes(
    things: Mapping[Product, Thing], stock: Mapping[Product, Stock]
) -> dict[tuple[str, str, Product], int]:
    """Every bearer of a code that is ambiguous, and how many its account has of them.

    A SKU is ambiguous, too, where it stands for two barcodes; deleted products without stock do not count.
    """
    own = {
        product: thing for product, thing in things.items() if thing.shadow_of is None and not thing.is_gone
    }
    counted = {product for product in own if is_present(things, stock, product)}
    found: dict[tuple[str, str, Product], int] = {}
    for kind, codes in (
        ("gtin", {product: thing.gtin for product, thing in own.items()}),
        ("sku", {product: sku_code(thing) for product, thing in own.items()}),
    ):
        times = Counter((code, one[0]) for one, code in codes.items() if code and one in counted)
        twice = {code for (code, _), count in times.items() if count > 1}
        for product, code in codes.items():
            if code is not None and code in twice:
                found[kind, code, product] = times[code, product[0]]
    return found


# rpt_reconciliation


class Difference(NamedTuple):
    """A row of rpt_reconciliation by item, pair of accounts and measure."""

    left_quantity: Decimal
    right_quantity: Decimal
    disagrees_since: date


def reconciliation(
    things: Mapping[Product, Thing],
    matched: Mapping[Product, Match],
    stock: Mapping[Product, Stock],
    days: Mapping[tuple[Product, date], Daily],
) -> dict[tuple[Members, str, str, str], Difference]:
    """Where two systems know an item's quantity now and differ, and since when they have on every day."""
    today = max(day for _, day in days)
    found = {}
    for members, match in members_of(matched).items():
        if match.is_ambiguous:
            continue
        for measure in ("available", "on_hand"):
            name = f"quantity_{measure}"
            now = _by_account({one: stock[one].numbers for one in members if _counts(stock, one)}, name)
            ever = {
                day: _by_account(
                    {
                        one: days[one, day].numbers
                        for one in members
                        if (one, day) in days and days[one, day].is_listed and days[one, day].is_additive
                    },
                    name,
                )
                for day in sorted({day for _, day in days})
            }
            for left in sorted(now):
                for right in sorted(now):
                    if left >= right or _differ(now, left, right) is None:
                        continue
                    both = [one for one in members if one[0] in (left, right) and _counts(stock, one)]
                    if not is_one_unit(things, both):
                        continue
                    since = today
                    for day in sorted(ever, reverse=True):
                        if _differ(ever[day], left, right) is None:
                            break
                        since = day
                    quantities = (now[left] or Decimal(0), now[right] or Decimal(0))
                    found[members, left, right, measure] = Difference(*quantities, since)
    return found


def _counts(stock: Mapping[Product, Stock], product: Product) -> bool:
    return product in stock and stock[product].is_additive


def _by_account(rows: Mapping[Product, Numbers], name: str) -> dict[str, Decimal | None]:
    """The sum over an account's products; null when one of them is."""
    found: dict[str, Decimal | None] = {}
    for provider in {one[0] for one in rows}:
        values = [getattr(numbers, name) for one, numbers in rows.items() if one[0] == provider]
        found[provider] = None if None in values else sum(values, Decimal(0))
    return found


def _differ(quantities: Mapping[str, Decimal | None], left: str, right: str) -> Decimal | None:
    """Left less right where both are known and differ."""
    one, other = quantities.get(left), quantities.get(right)
    return one - other if one is not None and other is not None and one != other else None
