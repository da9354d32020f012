"""What kits are made of and how many of them could be put together (spec B)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from tests.reference.products import own_stock, products
from tests.reference.stock import levels, positions
from tests.reference.world import Life, Record

DEPTH = 10
"""The var kit_depth."""
KITS = "sellercloud"
"""The only provider that says what its kits are made of."""


class Component(NamedTuple):
    """A row of bridge_kit_components by kit and position."""

    component_id: str
    is_listed: bool
    quantity_per_kit: Decimal | None
    name: str | None


def components(life: Life) -> dict[tuple[str, int], Component]:
    """Every component of a kit's last version, in the spelling of the product it names."""
    records = _records(life)
    there = {key for (key,) in life.now(KITS, "inventory")}
    spelt = {key.casefold(): key for key in there}
    found = {}
    for key, row in records.items():
        for place, child in enumerate(row["ChildProducts"], start=1):
            part = spelt.get(child["ChildProductId"].casefold())
            quantity = child["PerKitQty"]
            found[key, place] = Component(
                part or child["ChildProductId"],
                part is not None,
                None if quantity is None else Decimal(quantity),
                child["ProductName"],
            )
    return found


class Part(NamedTuple):
    """A row of bridge_kit_trees by kit and path."""

    depth: int
    parent_id: str
    component_id: str
    is_listed: bool
    stock_product: str | None
    quantity_per_parent: Decimal | None
    quantity_per_kit: Decimal | None
    is_leaf: bool
    is_cycle: bool
    is_cut_off: bool


def trees(life: Life) -> dict[tuple[str, str], Part]:
    """Every component at every depth. A kit that holds no stock of its own is opened further."""
    held: dict[str, list[Component]] = {}
    for (kit, _), part in components(life).items():
        held.setdefault(kit, []).append(part)
    things = products(life)

    def stock_of(product: str) -> str:
        """Of a shadow its parent, else itself."""
        return things[KITS, product].shadow_of or product

    def walk(
        kit: str, parent: str, path: list[str], quantity: Decimal | None, above: list[str]
    ) -> Iterator[tuple[tuple[str, str], Part]]:
        for place, part in enumerate(held[parent], start=1):
            steps = [*path, str(place)]
            stock = stock_of(part.component_id) if part.is_listed else None
            is_cycle = part.component_id in above or stock in above
            opens = stock in held and not own_stock(life, (KITS, stock)) and not is_cycle
            is_cut_off = opens and len(steps) == DEPTH
            both = (quantity, part.quantity_per_kit)
            product = None if None in both else (quantity or 0) * (part.quantity_per_kit or 0)
            needed = None if product is None else Decimal(product)
            yield (
                (kit, "/".join(steps)),
                Part(
                    len(steps),
                    parent,
                    part.component_id,
                    part.is_listed,
                    stock,
                    part.quantity_per_kit,
                    needed,
                    not opens and not is_cycle,
                    is_cycle,
                    is_cut_off,
                ),
            )
            if opens and not is_cut_off and stock is not None:
                yield from walk(kit, stock, steps, needed, [*above, part.component_id, stock])

    return {key: part for kit in held for key, part in walk(kit, kit, [], Decimal(1), [kit])}


class Recipe(NamedTuple):
    """What one kit needs of each stock product, and whether that is all."""

    needed: dict[str, Decimal]
    is_complete: bool
    is_cycle: bool
    is_cut_off: bool


def recipes(life: Life) -> dict[str, Recipe]:
    """Leaves of the tree by the product whose stock it is; a component that two parts share counts once."""
    found: dict[str, Recipe] = {}
    rows = trees(life)
    for kit in {key for key, _ in rows}:
        parts = [part for (key, _), part in rows.items() if key == kit]
        needed: dict[str, Decimal] = {}
        for part in parts:
            if part.is_leaf and part.quantity_per_kit is not None:
                product = part.stock_product or part.component_id
                needed[product] = needed.get(product, Decimal(0)) + part.quantity_per_kit
        needed = {product: quantity for product, quantity in needed.items() if quantity > 0}
        is_cycle, is_cut_off = any(one.is_cycle for one in parts), any(one.is_cut_off for one in parts)
        known = all(one.quantity_per_kit is not None for one in parts)
        found[kit] = Recipe(
            needed, known and bool(needed) and not is_cycle and not is_cut_off, is_cycle, is_cut_off
        )
    return found


class Buildable(NamedTuple):
    """A row of rpt_kit_buildable by kit and location but for its names."""

    has_own_stock: bool
    quantity_available: Decimal | None
    quantity_buildable: Decimal | None
    quantity_buildable_in_all: Decimal | None
    limiting_product_id: str | None
    component_count: int
    unknown_component_count: int
    is_recipe_complete: bool


def buildable(life: Life) -> dict[tuple[str, str | None], Buildable]:
    """Whole kits per location where a component has a level, else per kit; deleted kits are left out."""
    day = life.of(KITS)[-1]
    here = {place: stock.numbers.quantity_available for place, stock in levels(day, KITS).items()}
    in_all = {product[1]: stock.numbers.quantity_available for product, stock in positions(day, KITS).items()}
    things = products(life)
    found: dict[tuple[str, str | None], Buildable] = {}
    for kit, recipe in recipes(life).items():
        if things[KITS, kit].is_deleted:
            continue
        places = {location for _, product, location in here if product in recipe.needed}
        everywhere = _whole_kits(recipe, in_all)
        here_or_nowhere: list[str | None] = [*sorted(places)] or [None]
        for place in here_or_nowhere:
            if place is None:
                stock: dict[str, Decimal | None] = in_all
            else:
                stock = {
                    product: here.get((KITS, product, place), Decimal(0))
                    for product in recipe.needed
                    if any(held == product for _, held, _ in here)
                }
            whole, limiting, unknown = _whole_kits(recipe, stock)
            found[kit, place] = Buildable(
                own_stock(life, (KITS, kit)),
                in_all.get(kit),
                whole,
                everywhere[0],
                limiting,
                len(recipe.needed),
                unknown,
                recipe.is_complete,
            )
    return found


def _whole_kits(
    recipe: Recipe, stock: Mapping[str, Decimal | None]
) -> tuple[Decimal | None, str | None, int]:
    """How many, what there are fewest of (ties by id), and of how many components nothing is known."""
    unknown = sum(stock.get(product) is None for product in recipe.needed)
    if not recipe.is_complete:
        return None, None, unknown
    kits = {
        product: max(stock.get(product) or Decimal(0), Decimal(0)) // quantity
        for product, quantity in recipe.needed.items()
    }
    limiting = min(kits, key=lambda product: (kits[product], product))
    return kits[limiting], limiting, unknown


class Oversold(NamedTuple):
    """A row of rpt_oversell_risk but for its names."""

    quantity_available: Decimal
    quantity_advertised: Decimal | None
    advertised_by_shadows: Decimal
    advertised_by_kits: Decimal
    quantity_promised: Decimal
    quantity_at_risk: Decimal
    quantity_backordered: Decimal | None
    is_oversold: bool
    shadow_count: int
    kit_count: int


def oversell(life: Life) -> dict[tuple[str, str], Oversold]:
    """Products of which more is promised, by themselves, their shadows and kits, than there is."""
    things, needs = products(life), recipes(life)
    found = {}
    for provider in life.last.truth:
        now = positions(life.of(provider)[-1], provider)
        for (_, product), stock in now.items():
            available = stock.numbers.quantity_available
            if not stock.is_additive or available is None:
                continue
            shadows = [
                one
                for one, other in now.items()
                if things[one].shadow_of == product and not things[one].is_deleted
            ]
            by_shadows = sum((_promised(now[one].numbers.quantity_advertised) for one in shadows), Decimal(0))
            kits = [
                kit
                for kit, recipe in needs.items()
                if provider == KITS
                and product in recipe.needed
                and (KITS, kit) in now
                and not now[KITS, kit].is_additive
                and things[KITS, kit].shadow_of is None
            ]
            by_kits = sum(
                (
                    _promised(now[KITS, kit].numbers.quantity_advertised) * needs[kit].needed[product]
                    for kit in kits
                ),
                Decimal(0),
            )
            by_itself = _promised(stock.numbers.quantity_advertised)
            if things[provider, product].is_virtual:  # what is beyond is its parts'
                by_itself = min(by_itself, _promised(available))
            promised = by_itself + by_shadows + by_kits
            at_risk = promised - available
            if at_risk > 0:
                found[provider, product] = Oversold(
                    available,
                    stock.numbers.quantity_advertised,
                    by_shadows,
                    by_kits,
                    promised,
                    at_risk,
                    stock.numbers.quantity_backordered,
                    available < 0,
                    len(shadows),
                    len(kits),
                )
    return found


def _promised(quantity: Decimal | None) -> Decimal:
    """Less than nothing is no promise."""
    return max(quantity or Decimal(0), Decimal(0))


def _records(life: Life) -> dict[str, Record]:
    return {key: row for (key,), (row, _, _) in life.ever(KITS, "inventory").items()}
