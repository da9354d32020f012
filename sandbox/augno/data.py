"""One Augno account: items and their stock, with everything odd that augno.md §9 lists."""

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, localcontext

from sandbox.articles import Article
from sandbox.augno.initial_data import InitialData
from sandbox.augno.items import DIGITS, Item, RateKind
from sandbox.augno.masters import IdMaker, make_masters, spell
from sandbox.clock import Clock


class AugnoData:
    """What the account has. Every mutator shows at once in the truth."""

    def __init__(self, rng: random.Random, clock: Clock, articles: Sequence[Article]) -> None:
        self._clock = clock
        make_id = IdMaker(rng)
        self.account_id = make_id("ac")
        started = clock.now().replace(year=clock.now().year - 3, day=1, microsecond=0)
        self.masters = make_masters(make_id, self.account_id, started)
        self._initial = InitialData(rng, make_id, self.masters, clock.now())
        self.items: dict[str, Item] = {}
        """All that ever were, by id, in the order they were entered."""
        self.version = 0
        """Goes up when an item comes into the list or leaves it: then it is sorted anew."""
        for item in self._initial.items(articles):
            self.items[item.id] = item

    # What happens to it

    def set_stock(
        self,
        item: str,
        *,
        on_hand: Decimal | int | str | None = None,
        reserved: Decimal | int | str | None = None,
        short: Decimal | int | str | None = None,
    ) -> None:
        """Changes numbers of an item's stock, spelt as given; the item's own clock stays where it is."""
        given = {"on_hand": on_hand, "reserved": reserved, "short": short}
        numbers = {name: Decimal(value) for name, value in given.items() if value is not None}
        found = self.items[item]
        stock = replace(found.stock, **numbers, moved_at=self._clock.now())
        self.items[item] = replace(found, stock=stock)

    def move_stock(
        self,
        item: str,
        *,
        on_hand: Decimal | int = 0,
        reserved: Decimal | int = 0,
        short: Decimal | int = 0,
    ) -> None:
        """Changes numbers of an item's stock by so much; the item's own clock stays where it is."""
        held = self.items[item].stock
        with localcontext(prec=DIGITS):
            self.set_stock(
                item,
                on_hand=held.on_hand + on_hand,
                reserved=held.reserved + reserved,
                short=held.short + short,
            )

    def edit_item(self, item: str, *, sku: str | None = None, description: str | None = None) -> None:
        """Gives an item another sku or description; its clock moves."""
        found = self.items[item]
        if sku is not None and sku != found.sku:
            self._check_sku(sku)
            found = replace(found, sku=sku)
        if description is not None:
            found = replace(found, description=description)
        self.items[item] = replace(found, updated_at=self._clock.now())

    def change_category(self, item: str, category: str | None = None) -> None:
        """Puts an item into another category: the unit changes, the numbers stay.

        Args:
            category: the first whose unit is another, if not given.
        """
        found = self.items[item]
        unit = self.masters.unit_of(found.category)
        if category is None:
            category = next(key for key in self.masters.categories if self.masters.unit_of(key) != unit)
        self.items[item] = replace(found, category=category, updated_at=self._clock.now())

    def reprice(self, item: str, value: Decimal | str, kind: RateKind = "unit_cost") -> None:
        """Gives an item another price, spelt as given. The price's clock moves, the item's does not."""
        found = self.items[item]
        now = spell(self._clock.now())
        old = found.rates.get(kind)
        rate = (
            replace(old, value=Decimal(value), updated_at=now)
            if old
            else self._initial.rate(Decimal(value), now)
        )
        self.items[item] = replace(found, rates={**found.rates, kind: rate})

    def delete_item(self, item: str) -> None:
        """Deletes an item softly: it leaves the list, and its own calls fail."""
        self._replace_listed(replace(self.items[item], deleted_at=self._clock.now()))

    def restore(self, item: str) -> None:
        """Brings a deleted item back, where it stood in the list; its clock moves.

        Raises:
            ValueError: its sku is in use by now.
        """
        self._check_sku(self.items[item].sku)
        self._replace_listed(replace(self.items[item], deleted_at=None, updated_at=self._clock.now()))

    def add_item(self, article: Article) -> None:
        """Enters an article as a product, now, with some stock."""
        new = self._initial.product(len(self.items), article, self._clock.now())
        self._replace_listed(new)

    # Parts

    def live(self) -> list[Item]:
        """The items of the list, in the order they were entered."""
        return [item for item in self.items.values() if item.is_listed and item.deleted_at is None]

    def is_countable(self, item: str) -> bool:
        """Whether an item's stock is counted, not weighed or measured."""
        return self.masters.is_countable(self.items[item].category)

    def _replace_listed(self, item: Item) -> None:
        self.items[item.id] = item
        self.version += 1

    def _check_sku(self, sku: str) -> None:
        if any(item.sku == sku for item in self.items.values() if item.deleted_at is None):
            raise ValueError(f"{sku} is in use")
