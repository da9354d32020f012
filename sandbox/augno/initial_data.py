"""What an Augno account starts with (augno.md §9)."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from sandbox.articles import Article
from sandbox.augno.items import DIGITS, Item, ItemType, Rate, RateKind, Stock
from sandbox.augno.masters import ZERO_DATE, MakeId, Masters, spell

THIRTY = Decimal(1).scaleb(-30)
THREE_YEARS = int(timedelta(days=3 * 365) / timedelta(milliseconds=1))
FIBRES = ("Cotton 30/2", "Wolle fein", "Nylon 6.6", "Élastane", "再生棉")
PARTS = ("housing", "Gehäuse", "cap, left", 'screw 1/4"', "Ø 8 washer")


class InitialData:
    """Makes items. Articles become products; materials and parts are the account's own."""

    def __init__(self, rng: random.Random, make_id: MakeId, masters: Masters, now: datetime) -> None:
        self._rng = rng
        self._make_id = make_id
        self._masters = masters
        self._now = now
        self._bulk = now - timedelta(days=400, milliseconds=-123)
        self._skus: set[str] = set()
        self._categories = {
            kind: [key for key, found in masters.categories.items() if found["type"] == kind]
            for kind in ("product_category", "material_category")
        }
        self._attributes = {str(found["name"]): attribute for attribute, found in masters.attributes.items()}

    def items(self, articles: Sequence[Article]) -> Iterator[Item]:
        """All items: 60 % products, 25 % materials, 15 % parts; some deleted, two that are no articles."""
        products = [article for article in articles if is_carried(article)]
        number = 0
        for article in products:
            yield self.product(number, article, self._entered(number))
            number += 1
        for place in range(len(products) * 2 // 3):
            kind: ItemType = "part" if place % 8 in (2, 5, 7) else "material"
            yield self._own(number, place, kind)
            number += 1
        yield from self._odd(number)

    def product(self, number: int, article: Article, at: datetime) -> Item:
        """An article as a product, entered at that moment."""
        price = Decimal(150 + 25 * (article.number % 40)) / 100
        named = tuple(key for name, key in self._attributes.items() if name == article.variant)
        sku = article.sku.lower() if article.number % 8 == 1 else article.sku
        return self._item(
            number,
            sku or f"AUG {number:05d}",
            "product",
            f"{article.item_name} {article.variant}",
            self._categories["product_category"][article.item % 5],
            at,
            named,
            {"unit_value": price, "unit_cost": (price * Decimal("0.4")).normalize()},
        )

    def _own(self, number: int, place: int, kind: ItemType) -> Item:
        if kind == "part":
            category = self._categories["product_category"][5 + place % 2]
            name = PARTS[place // 8 % len(PARTS)]
        else:
            category = self._categories["material_category"][place % 5]
            name = FIBRES[place // 5 % len(FIBRES)]
        spellings = (
            f"RM/{name} {place}",
            f"{place:08d}",
            f"rm-{place - 2:05d}",
            f"ÄÖ-{place}",
            f"RM-{place - 4:05d}",
        )
        cost = Decimal(self._rng.randint(1, 10**6)).scaleb(-4)
        return self._item(
            number,
            spellings[place % len(spellings)],
            kind,
            f"{name} no. {place}",
            category,
            self._entered(number),
            (),
            {"unit_cost": cost, "burn_rate": Decimal(place % 9) / 4},
        )

    def _odd(self, number: int) -> Iterator[Item]:
        """Deleted items, the sku of one of them used again, and items that are never listed."""
        first = self._categories["product_category"][0]
        long_ago = self._now - timedelta(days=500)
        gone = self._item(number, "USED-AGAIN", "product", "The first", first, long_ago, (), {})
        yield replace(gone, deleted_at=long_ago + timedelta(days=30))
        self._skus.discard("USED-AGAIN")
        later = long_ago + timedelta(days=31)
        yield self._item(number + 1, "USED-AGAIN", "product", "The second", first, later, (), {})
        other = self._item(number + 2, "GONE", "part", None, first, self._bulk, (), {})
        yield replace(other, deleted_at=self._now - timedelta(days=9))
        for place, name in enumerate(("Shipping", "Sales tax")):
            hidden = self._item(number + 3 + place, name, "product", name, None, self._bulk, (), {})
            nothing = Stock(Decimal(0), Decimal(0), Decimal(0), self._bulk)
            yield replace(hidden, is_listed=False, stock=nothing)

    def _item(
        self,
        number: int,
        sku: str,
        kind: ItemType,
        description: str | None,
        category: str | None,
        at: datetime,
        attributes: tuple[str, ...],
        values: dict[RateKind, Decimal],
    ) -> Item:
        if sku in self._skus:
            sku = f"{sku} #{number}"
        self._skus.add(sku)
        if number % 33 == 12:
            category = None
        if number % 10 == 7:
            description = None
        elif number % 23 == 4:
            description = f'{description},\n"second line"\tand more'
        updated = at
        if at < self._now and self._rng.random() < 0.4:
            updated += (self._now - at) * self._rng.random()
            updated = updated.replace(microsecond=updated.microsecond // 1000 * 1000)
        return Item(
            number=number,
            id=self._make_id("it"),
            sku=sku,
            type=kind,
            description=description,
            notes="Ask before ordering." if number % 12 == 5 else None,
            category=category,
            attributes=attributes,
            rates=self._rates(number, at, values),
            stock=self._stock(number, category, at),
            created_at=at,
            updated_at=updated,
        )

    def _rates(self, number: int, at: datetime, values: dict[RateKind, Decimal]) -> dict[RateKind, Rate]:
        if number % 6 == 3:
            values = {kind: value for kind, value in values.items() if kind != "unit_cost"}
        never = number % 14 == 2
        rates: dict[RateKind, Rate] = {}
        for kind, value in values.items():
            padded = number % 11 == 6 and kind == "unit_cost"
            text = ZERO_DATE if never else spell(at)
            rates[kind] = self.rate(pad(value) if padded else value, text)
        return rates

    def rate(self, value: Decimal, at: str) -> Rate:
        """A rate that was set then."""
        return Rate(self._make_id("ra"), value, at, at)

    # Stock

    def _entered(self, number: int) -> datetime:
        """When an item was entered: 9 of 20 with one bulk import, to the millisecond."""
        if number % 20 in (0, 1, 3, 6, 8, 11, 13, 16, 18):
            return self._bulk
        moment = self._now - timedelta(milliseconds=self._rng.randrange(3_600_000, THREE_YEARS))
        return moment.replace(microsecond=0) if number % 20 == 2 else moment

    def _stock(self, number: int, category: str | None, at: datetime) -> Stock:
        is_countable = self._masters.is_countable(category)
        if number % 10 in (4, 9):
            zero = pad(Decimal(0)) if number % 20 == 9 else Decimal(0)
            return Stock(zero, zero, zero, at)
        if number % 10 == 2:
            on_hand = self._amount(0, 9, is_countable) if number % 20 == 12 else Decimal(0)
            return Stock(on_hand, self._amount(10, 30, is_countable), self._amount(1, 60, is_countable), at)
        on_hand = self._amount(40, 4000, is_countable)
        if number == 8:
            on_hand = self._amount(10**12, 10**13, is_countable)
        reserved = Decimal(0) if number % 3 else self._amount(1, 39, is_countable)
        if number % 17 == 3:
            on_hand = pad(on_hand)
        return Stock(on_hand, reserved, Decimal(0), at)

    def _amount(self, lowest: int, highest: int, is_countable: bool) -> Decimal:
        whole = self._rng.randint(lowest, highest)
        if is_countable:
            return Decimal(whole)
        digits = self._rng.randint(1, 6)
        # The last digit is never 0, so that so many decimals are needed.
        part = self._rng.randrange(10 ** (digits - 1)) * 10 + self._rng.randint(1, 9)
        return Decimal(f"{whole}.{part:0{digits}d}")


def is_carried(article: Article) -> bool:
    """Whether the account has this article: three of five."""
    return article.number % 5 in (0, 2, 3)


def pad(value: Decimal) -> Decimal:
    """The same number, spelt with 30 decimals."""
    with localcontext(prec=DIGITS):
        return value.quantize(THIRTY)
