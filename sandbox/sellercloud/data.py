"""One account of Sellercloud: products, shadows, kits, warehouses, with all that sellercloud.md §9 lists."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sandbox.articles import Article
from sandbox.clock import Clock
from sandbox.kit import Record
from sandbox.sellercloud.columns import Column
from sandbox.sellercloud.initial_data import InitialData
from sandbox.sellercloud.products import Child, Product, Rebate, Stock, sum_of
from sandbox.sellercloud.switches import SellercloudSwitches


class SellercloudData:
    """What the account has. Every mutator shows at once in the truth: a product's stock in its shadows and in
    the kits made of it, too.

    Clocks are kept apart by what moved them; which of them a row shows is up to the switches.
    """

    def __init__(self, rng: random.Random, clock: Clock, articles: Sequence[Article]) -> None:
        self._clock = clock
        self.switches = SellercloudSwitches()
        """Those of the API, once there is one: they decide which clocks are shown."""
        self.started_at = clock.now()
        initial = InitialData(rng, clock.now(), articles)
        self.warehouses: dict[int, Record] = initial.warehouses
        self.products: dict[str, Product] = initial.products
        self.columns: dict[int, Column] = initial.columns
        self.shadows_of: dict[str, list[str]] = {}
        self.kits_of: dict[str, list[str]] = {}
        """Kits by component, each once."""
        for product in self.products.values():
            self._link(product)
        self._ids = {product.casefold() for product in self.products}
        self._numbers = len(self.products)
        self.version = 0
        """Goes up with every change."""
        self.journal: list[str] = []
        """The products that changed, in order, for who keeps something made of them."""

    # Numbers

    def holder(self, product: Product) -> Product:
        """The product whose stock it is: a shadow's parent."""
        return self.products[product.shadow_of] if product.shadow_of else product

    def holders(self, product: Product) -> list[int]:
        """The warehouses that list a product: not of kits that are put together when sold."""
        holder = self.holder(product)
        return holder.holders if holder.has_own_stock else []

    def stock_of(self, product: Product, places: Iterable[int]) -> Stock:
        """What lies of a product in some warehouses, or of its parent; nothing for kits of parts."""
        holder = self.holder(product)
        if not holder.has_own_stock:
            return Stock()
        return sum_of(holder.stock[place] for place in places if place in holder.stock)

    def available(self, product: Product, places: Iterable[int]) -> int:
        """How many can be sold out of some warehouses; for kits of parts what their parts suffice for."""
        holder = self.holder(product)
        places = list(places)
        if holder.has_own_stock:
            sellable = [place for place in places if self.warehouses[place]["IsSellAble"]]
            return self.stock_of(holder, sellable).physical - self.stock_of(holder, places).reserved
        numbers = []
        for child in holder.children:
            if holder.kit_type == 1 and not child.is_main:
                continue
            found = self.products.get(child.product)
            numbers.append(0 if found is None else max(0, self.available(found, places)) // child.per_kit)
        return min(numbers, default=0)

    def clocks(self, product: Product) -> tuple[datetime | None, datetime | None]:
        """The modified and the aggregate clock of a row."""
        switches = self.switches
        modified = [product.modified_at, product.moved_at if switches.quantity_moves_modified else None]
        aggregated = [
            product.aggregated_at,
            product.swept_at if switches.empty_aggregation_moves_clock else None,
            product.parent_moved_at if switches.shadow_follows_clock else None,
            product.components_moved_at if switches.kit_follows_clock else None,
        ]
        return _latest(modified), _latest(aggregated)

    def child_name(self, child: Child) -> str:
        """What a component is called."""
        found = self.products.get(child.product)
        return child.name if found is None else found.name

    # Stock that moves

    def move(self, product: str, warehouse: int, *, physical: int = 0, reserved: int = 0) -> None:
        """Adds to what a product has in a warehouse, now: its aggregate clock moves.

        Raises:
            ValueError: it has no stock of its own.
        """
        found = self.products[product]
        if not found.has_own_stock:
            raise ValueError(f"{product} has no stock of its own")
        held = found.stock.setdefault(warehouse, Stock())
        held.physical += physical
        held.reserved += reserved
        found.aggregated_at = found.moved_at = self._clock.now()
        for dependent in self._dependents(product):
            one = self.products[dependent]
            if one.shadow_of:
                one.parent_moved_at = found.moved_at
            else:
                one.components_moved_at = found.moved_at
        self._note(product)

    def sell(self, product: str, warehouse: int, quantity: int) -> None:
        """Reserves so many for an order, even if there are fewer."""
        self.move(product, warehouse, reserved=quantity)

    def ship(self, product: str, warehouse: int, quantity: int) -> None:
        """Takes so many that were reserved out of a warehouse."""
        self.move(product, warehouse, physical=-quantity, reserved=-quantity)

    def import_stock(self, products: Sequence[str], warehouse: int, quantity: int) -> None:
        """Adds so many to each, all with one stamp."""
        for product in products:
            self.move(product, warehouse, physical=quantity)

    def aggregate(self, products: Sequence[str]) -> None:
        """Calculates stock anew and finds nothing; whether that moves the clock is up to the switch."""
        for product in products:
            self.products[product].swept_at = self._clock.now()
            self._note(product)

    # Products

    def edit(self, product: str, **fields: Any) -> None:
        """Edits a product: its name, with `ProductName`, or fields that are told as they are."""
        found = self.products[product]
        found.name = fields.pop("ProductName", found.name)
        unknown = fields.keys() - found.fields.keys()
        if unknown:
            raise KeyError(min(unknown))
        found.fields.update(fields)
        found.modified_at = self._clock.now()
        self._note(product)

    def enable(self, product: str, *, enabled: bool) -> None:
        """Enables or disables a product; its shadows follow without a clock."""
        self.products[product].is_active = enabled
        self.products[product].modified_at = self._clock.now()
        self._note(product)

    def rename(self, product: str, new: str) -> None:
        """Gives a product another ID: the old row is gone. Shadows and kits tell the new one at once.

        Raises:
            ValueError: there is such a product, maybe in another case.
        """
        if new.casefold() in self._ids - {product.casefold()}:
            raise ValueError(f"there is a product {new}")
        found = self.products.pop(product)
        self._unlink(found)
        shadows, kits = self.shadows_of.pop(product, []), self.kits_of.pop(product, [])
        found.id, found.modified_at = new, self._clock.now()
        self.products[new] = found
        self._ids = self._ids - {product.casefold()} | {new.casefold()}
        for shadow in shadows:
            self.products[shadow].shadow_of = new
            self.shadows_of.setdefault(new, []).append(shadow)
        for kit in kits:
            for child in self.products[kit].children:
                child.product = new if child.product == product else child.product
            self.kits_of.setdefault(new, []).append(kit)
        self._link(found)
        self.journal.append(product)
        self._note(new)

    def delete(self, product: str) -> None:
        """Deletes a product for good; kits keep it as a component that is missing.

        Raises:
            ValueError: it has shadows.
        """
        if self.shadows_of.get(product):
            raise ValueError(f"{product} has shadows")
        self._unlink(self.products.pop(product))
        self._ids.discard(product.casefold())
        self._note(product)

    def restore(self, product: Product) -> None:
        """Brings a deleted product back as it was; its modified clock moves.

        Raises:
            ValueError: there is such a product by now.
        """
        if product.id.casefold() in self._ids:
            raise ValueError(f"there is a product {product.id}")
        self._ids.add(product.id.casefold())
        self.products[product.id] = product
        self._link(product)
        product.modified_at = self._clock.now()
        self._note(product.id)

    def add_product(self, article: Article, warehouse: int, quantity: int) -> None:
        """A new product that nobody edited yet, with its first stock."""
        now = self._clock.now()
        product = InitialData.product_of(article, self._numbers, now)
        if product.id.casefold() in self._ids:
            raise ValueError(f"there is a product {product.id}")
        self._numbers += 1
        self._ids.add(product.id.casefold())
        self.products[product.id] = product
        self._note(product.id)
        if quantity:
            self.move(product.id, warehouse, physical=quantity)

    def set_rebate(self, product: str, rebate: Rebate | None) -> None:
        """Gives a product a rebate, which begins and ends by the calendar whatever the clocks say."""
        self.products[product].rebate = rebate
        self._note(product)

    def rename_column(self, column: int, label: str) -> None:
        """Renames a custom column: every row tells it, no clock does."""
        self.columns[column].label = label
        self.version += 1
        self.journal += self.products

    # Parts

    def _link(self, product: Product) -> None:
        if product.shadow_of:
            self.shadows_of.setdefault(product.shadow_of, []).append(product.id)
        for part in dict.fromkeys(child.product for child in product.children):
            self.kits_of.setdefault(part, []).append(product.id)

    def _unlink(self, product: Product) -> None:
        if product.shadow_of:
            self.shadows_of[product.shadow_of].remove(product.id)
        for part in dict.fromkeys(child.product for child in product.children):
            self.kits_of[part].remove(product.id)

    def _dependents(self, product: str) -> list[str]:
        """Shadows and kits that show a product's stock, and theirs."""
        found: dict[str, None] = {}
        waiting = [product]
        while waiting:
            one = waiting.pop()
            for dependent in (*self.shadows_of.get(one, ()), *self.kits_of.get(one, ())):
                if dependent not in found:
                    found[dependent] = None
                    waiting.append(dependent)
        return list(found)

    def _note(self, product: str) -> None:
        """Notes that a product is otherwise than before, and what shows its stock or its name."""
        self.version += 1
        self.journal += (product, *self._dependents(product))


def _latest(clocks: Iterable[datetime | None]) -> datetime | None:
    return max((clock for clock in clocks if clock is not None), default=None)
