"""What happens to an account of Sellercloud: one change, or a day."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.day import Day
from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.products import MAIN, Product

STORM: Mapping[str, Sequence[Any]] = {
    "token_requests": (None, 3, 10),
    "token_dates": ("swapped", "right"),
    "error_body": ("none", "json", "html"),
    "row_order": ("id", "modified", "modified_desc", "shuffled"),
    "page_clamp": ("clamp", "honour"),
    "beyond_end": ("empty", "repeat_last", "null"),
    "null_items_page": (None, 1, 2),
    "total_skew": (1, -1),
    "total_results": ("told", "null", "absent"),
    "warehouses_permission": ("granted", "granted", "404", "403"),
}
"""What switches may say in a storm."""


def stock(data: SellercloudData) -> list[tuple[str, ...]]:
    """The keys of the products that can be changed alone, in order: no parts of kits, no parents of shadows,
    with an aggregate date, and in no warehouse but the main one."""
    return [(product,) for product in sorted(data.products) if _stands_alone(data, data.products[product])]


def change(data: SellercloudData, key: tuple[str, ...]) -> None:
    """A thousand more in the main warehouse, now: one row of `inventory` and one of `warehouse_inventory`."""
    data.move(key[0], MAIN, physical=1000)


def remove(data: SellercloudData, key: tuple[str, ...]) -> Callable[[], None]:
    """Deletes a product; it comes back as it was, edited."""
    found = data.products[key[0]]
    data.delete(found.id)

    def bring_back() -> None:
        data.restore(found)

    return bring_back


def live(data: SellercloudData, day: Day) -> None:
    """Sales, a shipment, a parent of shadows sold, the parts of a kit restocked, a delivery with one stamp,
    an aggregation that changes nothing, an edit, a product disabled, one renamed, one deleted, a new one."""
    own = [one for one in sorted(data.products) if data.products[one].has_own_stock]
    held = [one for one in own if data.products[one].holders]
    alone = [one for one in own if _is_no_base(data, one)]
    chosen = day.rng.sample(alone, 4)
    deleted, renamed, disabled, edited = chosen
    alone = [one for one in alone if one not in chosen]
    kits = [one for one in sorted(data.products) if _is_made_of_stock(data, data.products[one])]
    parts = sorted({child.product for child in data.products[day.rng.choice(kits)].children})
    # What goes up never goes down as well, so that nothing ends the day where it began.
    held = [one for one in held if one not in parts and one not in chosen]
    sold = day.rng.sample(held, max(4, len(held) // 30))
    parents = [one for one in held if data.shadows_of.get(one) and one not in sold]
    delivered = day.rng.sample([one for one in alone if one not in sold], max(6, len(alone) // 20))
    step = 1 / (len(sold) + 8)
    for product in sold:
        day.later(step)
        data.sell(product, data.products[product].holders[0], day.rng.randint(1, 5))
    day.later(step)
    product = day.rng.choice(sold)
    data.ship(product, data.products[product].holders[0], 1)
    day.later(step)
    parent = day.rng.choice(parents)
    data.sell(parent, data.products[parent].holders[0], 3)
    for part in parts:
        data.move(part, MAIN, physical=600)
    day.later(step)
    data.import_stock(delivered, MAIN, 24)
    data.aggregate(day.rng.sample(held, len(held) // 3))
    day.later(step)
    data.edit(edited, ProductName=f"{data.products[edited].name[:400]} ★")
    day.later(step)
    data.enable(disabled, enabled=not data.products[disabled].is_active)
    day.later(step)
    data.rename(renamed, f"{renamed}-R")
    data.delete(deleted)
    day.later(step)
    data.add_product(day.new_article(), MAIN, 10)


def _is_no_base(data: SellercloudData, product: str) -> bool:
    return not data.shadows_of.get(product) and not data.kits_of.get(product)


def _is_made_of_stock(data: SellercloudData, product: Product) -> bool:
    """Whether a kit is put together when sold, of parts that are all there."""
    parts = [data.products.get(child.product) for child in product.children]
    return product.kit_type in (1, 2) and all(part is not None and part.has_own_stock for part in parts)


def _stands_alone(data: SellercloudData, product: Product) -> bool:
    return (
        product.has_own_stock
        and product.aggregated_at is not None
        and _is_no_base(data, product.id)
        and set(product.holders) <= {MAIN}
    )
