"""What people and systems do to single records at each provider, beside stock that moves."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sandbox import Sandbox
from sandbox.sellercloud.products import MAIN, Rebate

Edit = Callable[[Any, Random, Sandbox], object]
"""Called with the provider's data, a chance and the sandbox."""


def _sell_a_parent(data: Any, rng: Random, sandbox: Sandbox) -> None:
    parents = sorted(one for one in data.products if data.shadows_of.get(one))
    own = [one for one in parents if data.products[one].has_own_stock]
    data.move(rng.choice(own), MAIN, physical=-1)


def _sell_a_part(data: Any, rng: Random, sandbox: Sandbox) -> None:
    parts = sorted(one for one in data.products if data.kits_of.get(one))
    own = [one for one in parts if data.products[one].has_own_stock]
    data.move(rng.choice(own), MAIN, physical=rng.choice((-5, 700)))


def _rename_id(data: Any, rng: Random, sandbox: Sandbox) -> None:
    product = rng.choice(sorted(data.products))
    data.rename(product, f"{product}-R{len(data.journal)}")


def _set_rebate(data: Any, rng: Random, sandbox: Sandbox) -> None:
    now = sandbox.clock.now()
    rebate = Rebate(
        rng.randrange(10_000), Decimal("1.50"), Decimal("0.50"), now, now + timedelta(days=9), now
    )
    data.set_rebate(rng.choice(sorted(data.products)), rebate)


def _add_product(data: Any, rng: Random, sandbox: Sandbox) -> None:
    data.add_product(sandbox.world._new_good(), MAIN, rng.choice((0, 10)))


def _enable(data: Any, rng: Random, sandbox: Sandbox) -> None:
    product = rng.choice(sorted(data.products))
    held = data.products[product]
    data.enable(product, enabled=not getattr(held, "is_enabled", getattr(held, "is_active", False)))


def _change_sku(data: Any, rng: Random, sandbox: Sandbox) -> None:
    product = rng.choice(sorted(data.products))
    data.change_sku(product, f"SKU-{product}-{data.version}")


def _sell_shipped(data: Any, rng: Random, sandbox: Sandbox) -> None:
    product = rng.choice([one for one in sorted(data.parts) if data.parts[one]])
    data.sell(product, rng.choice(sorted(data.parts[product])), rng.choice((1, 400)))


def _delete_variation(data: Any, rng: Random, sandbox: Sandbox) -> None:
    standing = [one for one in data.variation_of_article.values() if not data.objects[one]["is_deleted"]]
    data.delete_object(rng.choice(standing))


def _transfer(data: Any, rng: Random, sandbox: Sandbox) -> None:
    variation, source, _ = rng.choice([key for key in sorted(data.counts) if key[2] == "IN_STOCK"])
    target = rng.choice([place for place in data.locations if place != source])
    data.transfer(variation, source, target, "2")


def _some(keys: Any, rng: Random) -> Any:
    return rng.choice(sorted(keys))


def _listed(data: Any, rng: Random) -> str:
    return str(rng.choice([item.id for item in data.live()]))


EDITS: Mapping[str, Sequence[Edit]] = {
    "square": (
        lambda data, rng, _: data.rename_item(rng.choice(data.items), f"Item {data.version}"),
        lambda data, rng, _: data.rename_variation(
            rng.choice([*data.variation_of_article.values()]), f"Variation {data.version}"
        ),
        _delete_variation,
        _transfer,
        lambda data, rng, _: data.close_location(rng.choice([*data.locations])),
        lambda data, rng, _: data.recalculate(_some(data.counts, rng)),
        lambda data, rng, sandbox: data.add_item(sandbox.world._new_good()),
    ),
    "sellercloud": (
        lambda data, rng, _: data.edit(_some(data.products, rng), ProductName=f"Product {data.version}"),
        _sell_a_parent,
        _sell_a_part,
        _rename_id,
        _set_rebate,
        _add_product,
        _enable,
        lambda data, rng, _: data.aggregate(rng.sample(sorted(data.products), 9)),
        lambda data, rng, _: data.rename_column(_some(data.columns, rng), f"Column {data.version}"),
    ),
    "shipstream": (
        lambda data, rng, _: data.rename(_some(data.products, rng), f"Product {data.version}"),
        _change_sku,
        _sell_shipped,
        _enable,
        lambda data, rng, _: data.backorder(_some(data.products, rng), rng.randint(0, 9)),
        lambda data, rng, _: data.close_warehouse(_some(data.warehouses, rng)),
        lambda data, rng, _: data.delete_merchant(_some(data.merchants, rng)),
        lambda data, rng, sandbox: data.add_product(sandbox.world._new_good(), 1, 1, 10),
    ),
    "augno": (
        lambda data, rng, _: data.edit_item(_listed(data, rng), description=f"Item {data.version}"),
        lambda data, rng, _: data.reprice(_listed(data, rng), Decimal(rng.randint(1, 999))),
        lambda data, rng, _: data.change_category(_listed(data, rng)),
        lambda data, rng, _: data.move_stock(_listed(data, rng), reserved=1),
        lambda data, rng, sandbox: data.add_item(sandbox.world._new_good()),
    ),
    "ventmere_s2": (
        lambda data, rng, _: data.set_level(
            _some(data.levels, rng), touch=False, incoming=rng.randint(1, 99)
        ),
        lambda data, rng, _: data.turn_back_clock(_some(data.levels, rng)),
        lambda data, rng, _: data.rename_product(_some(data.products, rng), f"Product {rng.random()}"),
        lambda data, rng, _: data.brands[1].update(name=f"Brand {rng.random()}"),
        lambda data, rng, _: data.remove_product(_some(data.products, rng)),
        lambda data, rng, sandbox: data.add_product(sandbox.world._new_good()),
    ),
}
