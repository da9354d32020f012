"""What the account on Sellercloud starts with."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sandbox.articles import Article
from sandbox.kit import Record
from sandbox.sellercloud.columns import Column, own_columns, values_of
from sandbox.sellercloud.products import (
    AMAZON,
    COMPANIES,
    DAMAGED,
    EMPTY,
    FBA,
    MAIN,
    SITES,
    Child,
    KitType,
    Product,
    Rebate,
    Stock,
    fields_of,
)

HAZARDS = (
    "AC/DC-100",
    "Salt&Pepper",
    "C++ Mug",
    "50% Wool",
    "No.#7",
    "Tea Pot",
    "S,M,L",
    "Größe-42",
    "听雨-1",
    "a=b?c=d",
    "O'Neill",
    "2%+1&3/4#5, ß",
)
"""IDs that are hard to put into a URL."""
REPEATED_HOUR = (datetime(2025, 11, 2, 5, 30, tzinfo=UTC), datetime(2025, 11, 2, 6, 30, tzinfo=UTC))
"""Both are 01:30 in New York."""
KITS: tuple[KitType, ...] = (2, 2, 1, 2, 0, 2, 2, 0, 2, 2)


class InitialData:
    """Warehouses, products, shadows and kits. Read once, when the data are made."""

    def __init__(self, rng: random.Random, now: datetime, articles: Sequence[Article]) -> None:
        self._rng = rng
        self._now = now
        self._age = timedelta(days=500)
        self._step = self._age / (3 * len(articles) + 100)
        self._ids: set[str] = set()
        self.warehouses: dict[int, Record] = {
            number: _warehouse(number, name, kind, is_sellable, now)
            for number, name, kind, is_sellable in SITES
        }
        self.products: dict[str, Product] = {}
        self.columns: dict[int, Column] = {column.id: column for column in own_columns()}
        self._make_mains(articles)
        mains = list(self.products.values())
        self._make_kits([one for place, one in enumerate(mains) if place % 5 == 1])
        self._make_shadows()
        self._make_kits_of_oddities()
        self._make_rebates()

    @staticmethod
    def product_of(article: Article, number: int, now: datetime) -> Product:
        """An article as a product that is new."""
        rng = random.Random(article.number)  # noqa: S311  chance that can be repeated, nothing secret
        name = f"{article.item_name} {article.variant}"
        companies = list(COMPANIES)
        fields = fields_of(rng, number, article.gtin, now)
        return Product(article.sku, name, companies[0], number, fields, now, columns=values_of(number, now))

    def _add(self, sku: str, name: str, gtin: str = "") -> Product | None:
        """None where there is such an ID, be it in another case."""
        if sku.casefold() in self._ids:
            return None
        place = len(self.products)
        created = self._now - self._age + self._step * place
        company = list(COMPANIES)[(0, 0, 0, 1, 0, 2)[place % 6]]
        fields = fields_of(self._rng, place, gtin, self._now)
        product = Product(sku, name, company, place, fields, _to_the_second(created))
        product.columns = values_of(place, self._now)
        product.is_active = place % 15 != 6
        product.sold = tuple(self._rng.choice((0, 0, 0, 1, 2, 5)) for _ in range(7))
        product.modified_at = self._clock(created, place, timedelta(days=1, hours=6), 4)
        if place % 13 == 5:
            product.modified_at = None
        self._ids.add(sku.casefold())
        self.products[sku] = product
        return product

    def _clock(self, created: datetime, place: int, bulk: timedelta, every: int) -> datetime:
        """A moment since the creation; for one in so many that of a bulk edit, the same for all."""
        drawn = created + (self._now - created) * self._rng.random() ** 2
        if place % every == 0:
            return _to_the_second(self._now - bulk)
        if place % 40 in (7, 9) and self._now > REPEATED_HOUR[1]:
            return REPEATED_HOUR[place % 40 == 9]
        return drawn.replace(microsecond=drawn.microsecond // 1000 * 1000)

    def _make_mains(self, articles: Sequence[Article]) -> None:
        for article in articles:
            if article.sku and article.number % 4 != 3:  # some things are in other systems only
                self._stocked(self._add(article.sku, f"{article.item_name} {article.variant}", article.gtin))
        for place, sku in enumerate(HAZARDS):
            self._stocked(self._add(sku, f'Hazard {place}: 5" &amp; <b>bold</b> Crème'))

    def _stocked(self, product: Product | None) -> None:
        if product is None:
            return
        place, rng = product.number, self._rng
        if place % 29 == 11:
            return  # was never aggregated
        product.aggregated_at = self._clock(product.created_at, place + 1, timedelta(hours=26), 3)
        draw, is_spread = rng.random(), place % 10 < 3
        if draw < 0.55 and not is_spread:
            product.stock = {MAIN: Stock()} if draw < 0.3 else {}
            return
        places = [MAIN]
        if is_spread:
            places += [(11, AMAZON, 50)[place % 3], DAMAGED] if place % 2 else [(AMAZON, 11)[place % 4 // 2]]
        for warehouse in places:
            physical = min(9000, int(3 * rng.paretovariate(0.9)))
            product.stock[warehouse] = Stock(physical, int(physical * rng.random() * 0.3))
        if place % 17 == 9:  # sold more than there is
            product.stock[MAIN].reserved = product.stock[MAIN].physical + 2

    def _make_kits(self, pool: Sequence[Product]) -> None:
        """Their components come from few products, so that kits share them."""
        for number in range(max(10, len(self.products) * 7 // 100)):
            kit = self._add(f"KIT-{number:05d}_QY{2 + number % 3}", f"Kit «{number}» Grün & Crème")
            if kit is None:
                continue
            kit.kit_type = KITS[number % len(KITS)]
            parts = self._rng.sample(pool, min(len(pool), 1 + number % 6))
            kit.children = [
                Child(part.id, self._rng.randint(1, 12), part.name, place < 2)
                for place, part in enumerate(parts)
            ]
            if kit.kit_type == 0:
                self._stocked(kit)
            elif number % 5:
                kit.aggregated_at = self._clock(kit.created_at, kit.number, timedelta(hours=26), 3)

    def _make_shadows(self) -> None:
        for place, parent in enumerate(list(self.products.values())):
            hazard = parent.id in HAZARDS[:4]
            if place % 10 in (0, 3, 5) or hazard or parent.id.endswith("0_QY2"):
                self._shadow(parent, "FBA")
                if place % 15 == 0:
                    self._shadow(parent, "FBA")  # its suffix is taken: it gets a number
                if place % 10 == 3:
                    self._shadow(parent, "FBM")

    def _shadow(self, parent: Product, suffix: str) -> None:
        number = 1
        while f"{parent.id}-{suffix}{number if number > 1 else ''}".casefold() in self._ids:
            number += 1
        shadow = self._add(f"{parent.id}-{suffix}{number if number > 1 else ''}", f"{parent.name} ({suffix})")
        if shadow is None:
            return
        shadow.company = parent.company
        shadow.shadow_of = parent.id
        shadow.fields["UPC"], shadow.fields["EAN"] = parent.fields["UPC"], parent.fields["EAN"]
        if suffix == "FBA":
            shadow.fields["FulfilledBy"], shadow.fields["AmazonFBASKU"] = "Amazon", shadow.id
        if shadow.number % 4:
            shadow.aggregated_at = self._clock(shadow.created_at, shadow.number, timedelta(hours=26), 3)

    def _make_kits_of_oddities(self) -> None:
        """A kit of a shadow, one with a part twice, one with a part that is gone."""
        mains = [one for one in self.products.values() if one.has_own_stock and one.kit_type is None]
        shadow = next(
            one
            for one in self.products.values()
            if one.shadow_of and self.products[one.shadow_of].kit_type is None
        )
        main = mains[1]
        parts = {
            "KIT-OF-SHADOW": [Child(shadow.id, 1, shadow.name)],
            "KIT-TWICE": [Child(main.id, 1, main.name), Child(main.id, 2, main.name)],
            "KIT-MISSING": [Child(main.id, 1, main.name), Child("GONE-001", 1, "Gone thing")],
        }
        for sku, children in parts.items():
            kit = self._add(sku, f"Kit {sku[4:].lower()}")
            if kit is not None:
                kit.kit_type, kit.children = 2, children
                kit.aggregated_at = _to_the_second(self._now - timedelta(days=3))

    def _make_rebates(self) -> None:
        for number, product in enumerate(list(self.products.values())[4::12]):
            made = self._now - timedelta(days=30)
            value = Decimal(number * 25 + 99).scaleb(-2)
            ends = self._now + timedelta(days=4000)
            product.rebate = Rebate(9000 + number, value, value / 2, made, ends, made)


def _warehouse(number: int, name: str, kind: int, is_sellable: bool, now: datetime) -> Record:
    return {
        "ID": number,
        "Name": name,
        "IsDefault": number == MAIN,
        "WarehouseType": kind,
        "IsSellAble": is_sellable,
        "QBWarehouseName": None if kind == FBA else name,
        "EnforceBins": number == MAIN,
        "CreatedBy": 901,
        "CreatedOn": now - timedelta(days=900, hours=number),
        "CreatedByUsername": "ops@example.com",
        "CreatedByFirstName": "Zoë",
        "CreatedByLastName": None,
        "WarehouseAddress": None
        if number == EMPTY
        else {"Address1": f"{number} Dock Rd", "City": "Köln" if number == 11 else "Akron", "Country": "US"},
    }


def _to_the_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
