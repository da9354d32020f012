"""One 3PL on ShipStream: merchants, warehouses, products and levels, with all that shipstream.md §9 lists."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.articles import Article
from sandbox.clock import Clock
from sandbox.kit import Record
from sandbox.shipstream.initial_data import InitialData
from sandbox.shipstream.products import OWN_TYPES, Product
from sandbox.shipstream.stock import EVERYWHERE, Parts, advertised, no_parts, summed
from sandbox.shipstream.switches import ShipStreamSwitches


class ShipStreamData:
    """What the 3PL has. Every mutator shows at once in the truth.

    Clocks are kept apart by what moved them; which of them a level shows is up to the switches.
    """

    def __init__(self, rng: random.Random, clock: Clock, articles: Sequence[Article]) -> None:
        self._clock = clock
        self.switches = ShipStreamSwitches()
        """Those of the API, once there is one: they decide what a key looks like."""
        initial = InitialData(rng, clock.now().replace(microsecond=0), articles)
        self.warehouses: dict[int, Record] = initial.warehouses
        self.merchants: dict[int, Record] = initial.merchants
        self.products: dict[int, Product] = initial.products
        self.parts: dict[int, dict[int, Parts]] = initial.parts
        """By product and warehouse."""
        self.moved_at: dict[tuple[int, int], datetime] = initial.moved_at
        """When stock moved, by product and warehouse, EVERYWHERE included; not there: never."""
        self.backordered: dict[int, int] = initial.backordered
        self.backordered_at: dict[int, datetime] = {}
        self.components_at: dict[tuple[int, int], datetime] = {}
        """When components moved so that a kit is advertised otherwise."""
        self.kits_of: dict[int, list[int]] = {}
        """Kits by component."""
        for product in self.products.values():
            for component, _ in product.components:
                self.kits_of.setdefault(component, []).append(product.id)
        self.version = 0
        """Goes up with every change."""
        self.journal: list[int] = []
        """The products that changed, in order, for who keeps something made of them."""

    # Keys

    def type_of(self, product: Product) -> str:
        """The type a product is served as."""
        return OWN_TYPES[product.kind] if self.switches.product_types == "own" else "Product"

    def total_key(self, product: int) -> tuple[str, ...]:
        """The key of a total level, and of the product."""
        return self.type_of(self.products[product]), str(product)

    # Numbers

    def total(self, product: int) -> Parts:
        """What lies in all warehouses together."""
        return summed(self.parts[product].values())

    def advertised(self, product: int, warehouse: int = EVERYWHERE) -> int:
        """What is advertised of a product in a warehouse, or everywhere."""
        found = self.products[product]
        components = {component: self._available(component, warehouse) for component, _ in found.components}
        sharers = {component: len(self.kits_of[component]) for component in components}
        return advertised(found, self._available(product, warehouse), components, sharers)

    def was_stocked(self, product: int) -> bool:
        """Whether stock of it ever moved."""
        return (product, EVERYWHERE) in self.moved_at

    # Stock that moves

    def move(self, product: int, warehouse: int, **deltas: int) -> None:
        """Adds to parts of a product in a warehouse, now. Kits made of it may be advertised otherwise."""
        before = self._kit_numbers(self.kits_of.get(product, ()))
        parts = self.parts[product].setdefault(warehouse, no_parts())
        for name, delta in deltas.items():
            parts[name] += delta
        now = self._now()
        self.moved_at[product, warehouse] = self.moved_at[product, EVERYWHERE] = now
        self._note(product)
        self._note_kits(before)

    def sell(self, product: int, warehouse: int, quantity: int) -> None:
        """Allocates so many to an order; what is not there is backordered."""
        there = self.parts[product][warehouse]["available"]
        taken = min(there, quantity)
        if taken:
            self.move(product, warehouse, available=-taken, allocated=taken)
        if quantity > taken and self.total(product)["available"] == 0:
            self.backorder(product, self.backordered.get(product, 0) + quantity - taken)

    def backorder(self, product: int, quantity: int) -> None:
        """Sets what is backordered of a product in total. No warehouse shows it."""
        self.backordered[product] = quantity
        self.backordered_at[product] = self._now()
        self._note(product)

    def commit_delivery(self, products: Sequence[int], warehouse: int, quantity: int) -> None:
        """Puts away so many of each, all in one second; backorders are served first."""
        for product in products:
            served = min(self.backordered.get(product, 0), quantity)
            if served:
                self.backordered[product] -= served
            self.move(product, warehouse, available=quantity - served, reserved=served)

    # Products

    def rename(self, product: int, name: str) -> None:
        """Renames a product: its own clock moves, those of its levels as the switch says."""
        self._edit(product, name=name)

    def change_sku(self, product: int, sku: str) -> None:
        """Gives a product another SKU, which its levels show too, whatever their clocks say."""
        self._edit(product, sku=sku)

    def enable(self, product: int, *, enabled: bool) -> None:
        """Enables or disables a product. Disabled ones are only served when asked for."""
        self._edit(product, is_enabled=enabled)

    def delete_product(self, product: int) -> None:
        """Deletes a product and its levels for good. Kits may not be made of it."""
        if self.kits_of.get(product):
            raise ValueError(f"{product} is a component")
        components = [component for component, _ in self.products[product].components]
        before = self._kit_numbers(kit for part in components for kit in self.kits_of[part] if kit != product)
        for component in components:
            self.kits_of[component].remove(product)
        del self.products[product], self.parts[product]
        self._note(product)
        self._note_kits(before)

    def restore_product(self, product: Product, parts: Mapping[int, Parts]) -> None:
        """Brings a deleted product back with its stock: all of its clocks move."""
        now = product.updated_at = self._now()
        shared = [product.id, *(component for component, _ in product.components)]
        before = self._kit_numbers(kit for part in shared for kit in self.kits_of.get(part, ()))
        self.products[product.id], self.parts[product.id] = product, dict(parts)
        for component, _ in product.components:
            self.kits_of[component].append(product.id)
        for place in (EVERYWHERE, *parts):
            self.moved_at[product.id, place] = now
        self._note(product.id)
        self._note_kits(before)

    def add_product(self, article: Article, merchant: int, warehouse: int, quantity: int) -> None:
        """A new product with its first stock."""
        now = self._now()
        product = InitialData.product_of(article, max(self.products) + 1, merchant, now)
        self.products[product.id] = product
        self.parts[product.id] = {}
        self.move(product.id, warehouse, available=quantity)

    def delete_merchant(self, merchant: int) -> None:
        """Marks a merchant as deleted and disables its products."""
        self.merchants[merchant].update(is_active=False, is_deleted=True)
        self.version += 1
        for product in self.products.values():
            if product.merchant == merchant and product.is_enabled:
                self.enable(product.id, enabled=False)

    def close_warehouse(self, warehouse: int) -> None:
        """Makes a warehouse inactive."""
        self.warehouses[warehouse]["is_active"] = False
        self.version += 1

    # Parts

    def _kit_numbers(self, kits: Iterable[int]) -> dict[tuple[int, int], int]:
        """What the kits are advertised at, by kit and warehouse."""
        rows = ((kit, place) for kit in sorted(set(kits)) for place in (EVERYWHERE, *self.parts[kit]))
        return {row: self.advertised(*row) for row in rows}

    def _note_kits(self, before: Mapping[tuple[int, int], int]) -> None:
        """Notes the kits that are advertised otherwise than before though they did not move."""
        for (kit, place), number in before.items():
            if self.advertised(kit, place) != number:
                self.components_at[kit, place] = self._now()
                self._note(kit)

    def _edit(self, product: int, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self.products[product], name, value)
        self.products[product].updated_at = self._now()
        self._note(product)

    def _note(self, product: int) -> None:
        self.journal.append(product)
        self.version += 1

    def _available(self, product: int, warehouse: int) -> int:
        parts = self.parts.get(product, {})  # a kit may have come back without its component
        if warehouse == EVERYWHERE:
            return sum(one["available"] for one in parts.values())
        return parts[warehouse]["available"] if warehouse in parts else 0

    def _now(self) -> datetime:
        return self._clock.now().replace(microsecond=0)
