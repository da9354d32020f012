"""Which rows are otherwise than before, though nobody edited them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.kit import Touched


@dataclass(frozen=True)
class Told:
    """What a product's rows have from elsewhere: of a parent's stock, of parts, of the switches."""

    everywhere: tuple[Any, ...]
    """Shown in its row and in those of all warehouses."""
    total: tuple[Any, ...]
    """Shown in its row."""
    places: dict[int, tuple[int, int]]
    """Shown in its row of each warehouse."""


def keys_of(product: str, places: Iterable[int]) -> Touched:
    """The keys of a product's row and of those in some warehouses."""
    touched: Touched = {"inventory": {(product,)}}
    listed: set[tuple[str, ...]] = {(str(place), product) for place in places}
    return {**touched, "warehouse_inventory": listed} if listed else touched


def difference(product: str, before: Told | None, now: Told | None) -> Touched:
    """The keys of a product's rows that are otherwise than before; None: there was, or is, none."""
    if before == now:
        return {}
    if before is None or now is None or before.everywhere != now.everywhere:
        return whole(product, before, now)
    listed = before.places.keys() | now.places.keys()
    return keys_of(product, [one for one in listed if before.places.get(one) != now.places.get(one)])


def whole(product: str, before: Told | None, now: Told | None) -> Touched:
    """The keys of all rows a product had and has."""
    return keys_of(product, {place for told in (before, now) if told is not None for place in told.places})
