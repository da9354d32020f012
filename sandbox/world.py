"""One world for all providers: the goods, and what happens to them on a day."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal, TypeVar, get_args

from sandbox.clock import Clock
from sandbox.goods import Good, make_goods
from sandbox.square import CountKey, SquareData
from sandbox.ventmere_s2 import LevelKey, VentmereS2Data

Size = Literal["S", "M", "L"]
Key = TypeVar("Key", bound=tuple[str, ...])
SIZES: tuple[Size, ...] = get_args(Size)
ITEMS: dict[Size, int] = {"S": 32, "M": 320, "L": 7000}


@dataclass
class Day:
    """What a simulated day did: the keys it touched, per provider's resource."""

    touched: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)

    def add(self, resource: str, *keys: tuple[str, ...]) -> None:
        """Remembers touched keys."""
        self.touched.setdefault(resource, set()).update(keys)


class World:
    """The same seed, size and start give the same bytes, whatever the wall clock says."""

    def __init__(self, seed: int, size: Size, clock: Clock) -> None:
        self._rng = random.Random(seed)  # noqa: S311  chance that can be repeated, nothing secret
        self.clock = clock
        self.goods = make_goods(self._rng, ITEMS[size])
        self.square = SquareData(self._rng, clock, self.goods)
        # S2 carries two thirds of the goods: some things are in one system only.
        self.ventmere_s2 = VentmereS2Data(self._rng, clock, [g for g in self.goods if g.number % 3 != 1])
        self._turn = 0

    def change(self, count: int) -> dict[str, list[tuple[str, ...]]]:
        """Changes exactly so many Square counts and S2 levels, now; each to a thousand more.

        Returns:
            The keys changed per provider. Each count also makes an entry in Square's ledger.
        """
        counts = self._next_keys([key for key in sorted(self.square.counts) if key[2] == "IN_STOCK"], count)
        levels = self._next_keys(sorted(self.ventmere_s2.levels), count)
        self._turn += count
        for variation, location, _ in counts:
            held = self.square.counts[variation, location, "IN_STOCK"]["quantity"]
            self.square.set_count(variation, location, format(Decimal(held) + 1000, "f"))
        for key in levels:
            self.ventmere_s2.set_level(key, available=self.ventmere_s2.levels[key]["available"] + 1000)
        return {"square": list(counts), "ventmere_s2": list(levels)}

    def simulate_day(self) -> Day:
        """A plausible day: sales, receipts, waste, a transfer, renames, new things, some that go."""
        day = Day()
        stocked = [key for key in sorted(self.square.counts) if key[2] == "IN_STOCK"]
        levels = sorted(self.ventmere_s2.levels)
        sold = self._rng.sample(stocked, max(3, len(stocked) // 40))
        moved = self._rng.sample(levels, max(3, len(levels) // 40))
        # All of it within 20 hours, so that the day has an evening in which nothing moves.
        step = timedelta(hours=20) / (len(sold) + len(moved) + 10)
        entries = len(self.square.changes)
        self._square_day(day, stocked, sold, step)
        for entry in self.square.changes[entries:]:
            kind = "ADJUSTMENT" if entry["kind"] == "TRANSFER" else entry["kind"]
            day.add("inventory_changes", (kind, entry["id"]))
        self._ventmere_s2_day(day, levels, moved, step)
        return day

    def _square_day(self, day: Day, stocked: list[CountKey], sold: list[CountKey], step: timedelta) -> None:
        shop = self.square
        for variation, location, _ in sold:
            self._later(step)
            touched = shop.adjust(variation, location, str(self._rng.randint(1, 3)), "IN_STOCK", "SOLD")
            day.add("inventory_counts", *touched)
        for variation, location, _ in self._rng.sample(stocked, 3):
            self._later(step)
            day.add(
                "inventory_counts", *shop.adjust(variation, location, "24", "NONE", "IN_STOCK", late=True)
            )
        variation, location, _ = self._rng.choice(stocked)
        day.add("inventory_counts", *shop.adjust(variation, location, "1", "IN_STOCK", "WASTE"))
        variation, source, _ = self._rng.choice(stocked)
        target = next(place for place in shop.locations if place != source)
        day.add("inventory_counts", *shop.transfer(variation, source, target, "2"))
        self._later(step)
        item = self._rng.choice(shop.items)
        name = shop.objects[item]["item_data"]["name"]
        day.add("catalog_objects", (shop.rename_item(item, f"{name[:400]} ★"),))
        standing = [v for v in shop.variation_of_good.values() if not shop.objects[v]["is_deleted"]]
        day.add("catalog_objects", (shop.delete_object(self._rng.choice(standing)),))
        new = shop.add_item(self._new_good())
        day.add("inventory_counts", *(key for key in shop.counts if key[0] == new))
        day.add("catalog_objects", (new,), (shop.objects[new]["item_variation_data"]["item_id"],))

    def _ventmere_s2_day(
        self, day: Day, levels: list[LevelKey], moved: list[LevelKey], step: timedelta
    ) -> None:
        store = self.ventmere_s2
        for key in moved:
            self._later(step)
            available = store.levels[key]["available"] - self._rng.randint(1, 3)
            day.add("inventory_items", store.set_level(key, available=available))
        still, back, gone = self._rng.sample(levels, 3)
        incoming = store.levels[still]["incoming"] + 60
        day.add("inventory_items", store.set_level(still, touch=False, incoming=incoming))
        day.add("inventory_items", store.turn_back_clock(back), store.remove_level(gone))
        product = self._rng.choice(sorted(store.products))
        name = store.products[product]["name"]
        day.add("products", (store.rename_product(product, f"{name[:400]} ★"),))
        new = store.add_product(self._new_good())
        day.add("inventory_items", new)
        day.add("products", new[1:])

    def _later(self, step: timedelta) -> None:
        """A while, to the millisecond; never longer than a step."""
        self.clock.advance(seconds=self._rng.randint(1, step // timedelta(milliseconds=1)) / 1000)

    def _new_good(self) -> Good:
        number = 100_000 + len(self.goods)
        good = Good(number, number, f"New thing {number}", "Regular", f"NEW-{number}", "")
        self.goods.append(good)
        return good

    def _next_keys(self, keys: list[Key], count: int) -> list[Key]:
        if count > len(keys):
            raise ValueError(f"there are only {len(keys)} to change")
        start = self._turn % len(keys)
        return (keys + keys)[start : start + count]
