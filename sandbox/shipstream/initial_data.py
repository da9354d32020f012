"""What the 3PL on ShipStream starts with."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.articles import Article
from sandbox.kit import Record
from sandbox.shipstream.products import (
    MATERIALS,
    Kind,
    Product,
    Virtual,
    custom_fields_of,
    details_of,
)
from sandbox.shipstream.stock import EVERYWHERE, Parts, drawn_parts, no_parts

SITES = ("Knoxville 1", "Salt Lake City", "Köln, Tor 3", "Overflow (closed)")
SHOPS = ("Acme", "Crème & Co", "听雨 Trading", "Unpacked", "Gone Ltd", "Newcomer")
DELETED, WITHOUT_STOCK = 5, 6
"""Places in SHOPS, counted from 1: a merchant that left, and one whose articles never came."""
KITS: tuple[Virtual, ...] = (
    *("none",) * 3,
    *("optimistic",) * 4,
    *("realistic",) * 2,
    *("pessimistic",),
)


class InitialData:
    """Merchants, warehouses, products, levels. Read once, when the data are made."""

    def __init__(self, rng: random.Random, now: datetime, articles: Sequence[Article]) -> None:
        self._rng = rng
        self._now = now
        self.warehouses: dict[int, Record] = {
            number: {"type": "Warehouse", "id": number, "name": name, "is_active": number != 7}
            for number, name in zip((1, 2, 5, 7), SITES, strict=True)
        }
        self.merchants: dict[int, Record] = {}
        self.products: dict[int, Product] = {}
        self.parts: dict[int, dict[int, Parts]] = {}
        self.moved_at: dict[tuple[int, int], datetime] = {}
        self.backordered: dict[int, int] = {}
        self._codes: set[tuple[int, str]] = set()
        self._make_merchants(min(60, len(SHOPS) + len(articles) // 400))
        self._make_products(articles)
        self._make_kits()
        self._make_levels()

    @staticmethod
    def product_of(article: Article, product: int, merchant: int, at: datetime) -> Product:
        """An article as a product that is new."""
        rng = random.Random(article.number)  # noqa: S311  chance that can be repeated, nothing secret
        details = details_of(rng, article.number, article.gtin)
        name = f"{article.item_name} {article.variant}"
        custom_fields = custom_fields_of(article.number)
        return Product(product, "normal", merchant, article.sku, name, at, at, details, custom_fields)

    def _make_merchants(self, count: int) -> None:
        for number in range(1, count + 1):
            name = SHOPS[number - 1] if number <= len(SHOPS) else f"Shop {number}"
            brands = [{"type": "Brand", "id": 10 * number + place} for place in range(1 + number % 3)]
            self.merchants[number] = {
                "type": "Merchant",
                "id": number,
                "code": f"m{number:03d}",
                "name": name,
                "is_active": number != DELETED,
                "is_deleted": number == DELETED,
                "sort_order": 10 * number,
                "created_at": self._now - timedelta(days=900 - number),
                "brands": brands,
                "default_brand": brands[0],
            }

    def _make_products(self, articles: Sequence[Article]) -> None:
        self._next_id = 101
        self._age = timedelta(days=500)
        self._step = self._age / (3 * len(articles) + 100)
        for article in articles:
            if not article.sku or article.number % 9 == 3:
                continue  # a warehouse needs a SKU; and some things are in other systems only
            merchant = self._merchant_with_free(article.sku)
            if merchant is not None:
                self._add(article.sku, f"{article.item_name} {article.variant}", merchant, article.gtin)
                if article.number % 25 == 4:  # the same text is another merchant's SKU
                    twin = merchant % 4 + 1
                    if (twin, article.sku) not in self._codes:
                        self._add(article.sku, f"{article.item_name} (ours)", twin, "")
            if article.number % 6 == 1:
                kind, name = MATERIALS[article.number // 6 % len(MATERIALS)]
                self._add(f"MAT-{article.number:05d}", name.format(article.number), 1, "", kind)

    def _merchant_with_free(self, sku: str) -> int | None:
        """A merchant who has no such SKU yet; the first have most. The one that left has some too."""
        count = len(self.merchants)
        start = min(int(self._rng.random() ** 2 * count), count - 1)
        for place in range(count):
            merchant = 1 + (start + place) % count
            if (merchant, sku) not in self._codes:
                return merchant
        return None

    def _add(self, sku: str, name: str, merchant: int, gtin: str, kind: Kind = "normal") -> Product:
        place = len(self.products)
        made = self._now - self._age + self._step * place
        edited = made + (self._now - made) * self._rng.random() ** 3
        if place % 4 == 0:  # a mass edit: hundreds of clocks in one second
            edited = self._now - timedelta(days=1, hours=6)
        product = Product(
            self._next_id,
            kind,
            merchant,
            sku,
            name,
            made.replace(microsecond=0),
            edited.replace(microsecond=0),
            details_of(self._rng, place, gtin),
            custom_fields_of(place),
            is_enabled=place % 17 != 3 and merchant != DELETED,
        )
        self._codes.add((merchant, sku))
        self.products[product.id] = product
        self._next_id += self._rng.randint(1, 4)
        return product

    def _make_kits(self) -> None:
        """Kits on demand. Their components come from few products, so that kits share them."""
        pool = [one.id for one in self.products.values() if one.merchant == 1 and one.kind == "normal"]
        pool = pool[: max(8, len(pool) // 4)]
        for number in range(max(10, len(self.products) * 8 // 100)):
            virtual = KITS[number % len(KITS)]
            kit = self._add(f"KIT-{number:05d}", f"Kit «{number}» Grün & Crème", 1, "")
            chosen = self._rng.sample(pool, 2 + number % 2)
            kit.components = tuple((component, self._rng.randint(1, 4)) for component in chosen)
            kit.virtual, kit.yields = virtual, 2 if number % 7 == 5 else 1
            kit.details["inventory"]["virtual_inventory"] = virtual

    def _make_levels(self) -> None:
        counted = self._now - timedelta(days=4, hours=3)
        delivered = self._now - timedelta(days=2, hours=1)
        components = {part for product in self.products.values() for part, _ in product.components}
        for place, product in enumerate(self.products.values()):
            rows = self.parts[product.id] = {}
            chosen = sorted(self._rng.sample((1, 2, 5, 7), 4)[: 1 + place % 3])
            if product.components:
                parts = (self.parts[part] for part, _ in product.components)
                chosen = sorted({warehouse for part in parts for warehouse in part})
            is_component = product.id in components
            if not is_component and (product.merchant == WITHOUT_STOCK or place % 29 == 11):
                rows[chosen[0]] = no_parts()
                continue
            is_empty = not is_component and self._rng.random() < 0.36
            is_empty = is_empty or bool(product.components and place % 4)
            for warehouse in chosen:
                rows[warehouse] = no_parts() if is_empty else drawn_parts(self._rng)
                spread = (self._now - product.created_at) * self._rng.random() ** 2
                draw = self._rng.random()
                at = counted if draw < 0.2 else delivered if draw < 0.5 else self._now - spread
                self.moved_at[product.id, warehouse] = at.replace(microsecond=0)
            self.moved_at[product.id, EVERYWHERE] = max(
                self.moved_at[product.id, warehouse] for warehouse in chosen
            )
            if not sum(one["available"] for one in rows.values()) and place % 3 == 0:
                self.backordered[product.id] = self._rng.randint(1, 25)
        stocked = [product for product in self.parts if (product, EVERYWHERE) in self.moved_at]
        first_rows = [self.parts[one][min(self.parts[one])] for one in stocked]
        for row in [row for row in first_rows if row["available"]][30::97]:
            row["available"] = 1_234_567
