"""One world for all providers: the goods, and what happens to them on a day."""

import random
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from sandbox.clock import Clock
from sandbox.goods import Good, make_goods
from sandbox.square import SquareData
from sandbox.ventmere_s2 import VentmereS2Data

Size = Literal["S", "M", "L"]
Key = TypeVar("Key", bound=tuple[str, ...])
ITEMS: dict[str, int] = {"S": 32, "M": 320, "L": 6400}


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
        """Changes exactly so many Square counts and S2 levels, now; each by one more unit.

        Returns:
            The keys changed per provider. Each count also makes an entry in Square's ledger.
        """
        counts = self._next_keys([key for key in sorted(self.square.counts) if key[2] == "IN_STOCK"], count)
        levels = self._next_keys(sorted(self.ventmere_s2.levels), count)
        self._turn += count
        for variation, location, _ in counts:
            held = self.square.counts[variation, location, "IN_STOCK"]["quantity"]
            whole, dot, digits = held.partition(".")
            self.square.set_count(variation, location, f"{int(whole) + 1000}{dot}{digits}")
        for key in levels:
            self.ventmere_s2.set_level(key, available=self.ventmere_s2.levels[key]["available"] + 1000)
        return {"square": list(counts), "ventmere_s2": list(levels)}

    def simulate_day(self) -> Day:
        """A plausible day: sales, receipts, waste, a transfer, a rename, new things, one that goes."""
        day = Day()
        self._square_day(day)
        self._ventmere_s2_day(day)
        return day

    def _square_day(self, day: Day) -> None:
        shop = self.square
        stocked = [key for key in sorted(shop.counts) if key[2] == "IN_STOCK"]
        for variation, location, _ in self._rng.sample(stocked, max(3, len(stocked) // 40)):
            self._later()
            touched = shop.adjust(variation, location, str(self._rng.randint(1, 3)), "IN_STOCK", "SOLD")
            day.add("inventory_counts", *touched)
        for variation, location, _ in self._rng.sample(stocked, 3):
            self._later()
            day.add(
                "inventory_counts", *shop.adjust(variation, location, "24", "NONE", "IN_STOCK", late=True)
            )
        variation, location, _ = self._rng.choice(stocked)
        day.add("inventory_counts", *shop.adjust(variation, location, "1", "IN_STOCK", "WASTE"))
        variation, source, _ = self._rng.choice(stocked)
        target = next(place for place in shop.locations if place != source)
        day.add("inventory_counts", *shop.transfer(variation, source, target, "2"))
        self._later()
        item = self._rng.choice(shop.items)
        day.add(
            "catalog_objects", (shop.rename_item(item, f"{shop.objects[item]['item_data']['name'][:400]} ★"),)
        )
        new = shop.add_item(self._new_good())
        day.add("inventory_counts", *(key for key in shop.counts if key[0] == new))
        day.add("catalog_objects", (new,))
        gone = self._rng.choice(
            [v for v in shop.variation_of_good.values() if not shop.objects[v]["is_deleted"]]
        )
        day.add("catalog_objects", (shop.delete_object(gone),))

    def _ventmere_s2_day(self, day: Day) -> None:
        store = self.ventmere_s2
        levels = sorted(store.levels)
        for key in self._rng.sample(levels, max(3, len(levels) // 40)):
            self._later()
            sold = self._rng.randint(1, 3)
            day.add("inventory_items", store.set_level(key, available=store.levels[key]["available"] - sold))
        still, back, gone = self._rng.sample(levels, 3)
        day.add("inventory_items", store.set_level(still, touch=False, incoming=60))
        day.add("inventory_items", store.turn_back_clock(back), store.remove_level(gone))
        product = self._rng.choice(sorted(store.products))
        day.add("products", (store.rename_product(product, "Renamed product"),))
        day.add("inventory_items", store.add_product(self._new_good()))

    def _later(self) -> None:
        self.clock.advance(minutes=self._rng.randint(1, 10))

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
