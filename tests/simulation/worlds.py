"""Small worlds, each made once a process and copied for every schedule: a handful of records shows a fault as
well as hundreds, and a schedule costs as many milliseconds."""

import pickle
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sandbox import START
from sandbox.clock import Clock
from sandbox.world import World

ITEMS = 9
WORLDS = 6
"""So many different ones per provider."""


def world_of(provider: str, number: int) -> World:
    """A fresh copy of one of the provider's worlds."""
    copied: World = pickle.loads(_frozen(provider, number % WORLDS))  # noqa: S301  our own, of this process
    return copied


@cache
def _frozen(provider: str, number: int) -> bytes:
    world = World(number + 1, ITEMS, Clock(datetime.fromisoformat(START).astimezone(UTC)), [provider])
    SMALLER[provider](world.data[provider])
    return pickle.dumps(world)


def _square(data: Any) -> None:
    """Two places and five things that are counted, two of them in a state of their own."""
    things = sorted({key[0] for key in data.counts if key[2] != "IN_STOCK"})[:2]
    things += [one for one in data.variation_of_article.values() if one not in things][:4]
    places = list(data.locations)[:2]
    for key in [key for key in data.counts if key[0] not in things or key[1] not in places]:
        del data.counts[key], data.counted_at[key]
    items = {data.objects[one]["item_variation_data"]["item_id"] for one in things if one not in data.items}
    kept = {*things, *items, data.unit_id, data.categories[0]}
    data.objects = {key: found for key, found in data.objects.items() if key in kept}
    data.items = [one for one in data.items if one in kept]
    data.variation_of_article = {good: one for good, one in data.variation_of_article.items() if one in kept}
    data._variations_of = {
        item: [one for one in inside if one in kept]
        for item, inside in data._variations_of.items()
        if item in kept
    }
    data.journal.clear()
    data.version += 1


def _sellercloud(data: Any) -> None:
    """Two parents with shadows, a kit with its parts, and five others, in three warehouses."""
    parents = [one for one in sorted(data.shadows_of) if data.products[one].has_own_stock][:2]
    kit = next(one for one in data.products.values() if one.kit_type and 1 < len(one.children) < 4)
    kept = {*parents, kit.id, *(child.product for child in kit.children)}
    kept |= {shadow for parent in parents for shadow in data.shadows_of[parent]}
    others = [one.id for one in data.products.values() if one.has_own_stock and one.aggregated_at]
    kept |= set([one for one in others if one not in data.kits_of and one not in data.shadows_of][:5])
    data.products = {key: found for key, found in data.products.items() if key in kept}
    data.shadows_of, data.kits_of = {}, {}
    for product in data.products.values():
        data._link(product)
    data.columns = dict(list(data.columns.items())[:1])
    data.warehouses = dict(list(data.warehouses.items())[:3])
    for product in data.products.values():
        product.columns = {key: value for key, value in product.columns.items() if key in data.columns}
        product.stock = {place: stock for place, stock in product.stock.items() if place in data.warehouses}
    data._ids = {one.casefold() for one in data.products}
    data.journal.clear()


def _shipstream(data: Any) -> None:
    """A kit with its parts, two that are disabled, and four others, of any merchant."""
    kit = next(one for one in data.products.values() if one.components and one.virtual != "none")
    kept = {kit.id, *(part for part, _ in kit.components)}
    kept |= {one.id for one in [one for one in data.products.values() if not one.is_enabled][:2]}
    alone = [one for one in data.products.values() if one.id not in data.kits_of and not one.components]
    kept |= {one.id for one in alone[:4]}
    data.products = {key: found for key, found in data.products.items() if key in kept}
    data.parts = {key: found for key, found in data.parts.items() if key in kept}
    data.kits_of = {}
    for product in data.products.values():
        for component, _ in product.components:
            data.kits_of.setdefault(component, []).append(product.id)
    for product in data.products.values():
        product.custom_fields = product.custom_fields[:1]
    for by_product in (data.moved_at, data.components_at):
        for key in [key for key in by_product if key[0] not in kept]:
            del by_product[key]
    data.backordered = {key: found for key, found in data.backordered.items() if key in kept}
    data.journal.clear()


def _augno(data: Any) -> None:
    """Six items of the list, and those that are not in it."""
    listed = [item.id for item in data.live()][:6]
    data.items = {key: item for key, item in data.items.items() if key in listed or item not in data.live()}
    data.version += 1


def _s2(data: Any) -> None:
    """Four products in two warehouses."""
    kept = list(data.products)[:4]
    places = list(data.warehouses)[:2]
    orphans = [key for key in data.levels if key[1] not in data.products][:1]
    data.products = {key: data.products[key] for key in kept}
    data.warehouses = {key: data.warehouses[key] for key in places}
    data.levels = {
        key: found
        for key, found in data.levels.items()
        if key[0] in places and (key[1] in kept or key in orphans)
    }
    data.product_of_good = {good: one for good, one in data.product_of_good.items() if one in kept}


SMALLER: Mapping[str, Callable[[Any], None]] = {
    "square": _square,
    "sellercloud": _sellercloud,
    "shipstream": _shipstream,
    "augno": _augno,
    "ventmere_s2": _s2,
}
