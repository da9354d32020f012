"""One S2 organisation: warehouses, products and levels, with everything odd that ventmere_s2.md §9 lists."""

import random
import struct
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.articles import Article
from sandbox.clock import Clock
from sandbox.kit import Record

PICTURES = ("听雨", "thé vert", "Grüne Küche")
LevelKey = tuple[str, str]
"""warehouse id, product id."""

SITES = (
    ("test warehouse", "Oakville", "ON", "L6L 2X8", "CA", "METRIC"),
    ("Buffalo", "Buffalo", "NY", "14201", "US", "IMPERIAL"),
    ("Lager Köln", "Köln", "NW", "50667", "DE", "METRIC"),
    ("Overflow (unused)", "Markham", "ON", "L3R 8A9", "CA", "METRIC"),
)


class VentmereS2Data:
    """What the organisation has. Every mutator shows at once in the truth."""

    def __init__(self, rng: random.Random, clock: Clock, articles: Sequence[Article]) -> None:
        self._rng = rng
        self._clock = clock
        bulk = clock.now() - timedelta(days=200)  # one bulk update: many times in the same microsecond
        self.organizations = [
            {"id": self._uuid(), "name": name, "createdAt": bulk, "updatedAt": bulk + timedelta(days=1)}
            for name in ("test organization", "Sellersoft", "test organization")
        ]
        self.warehouses: dict[str, Record] = {}
        self.products: dict[str, Record] = {}
        self.levels: dict[LevelKey, Record] = {}
        self.brands = [
            {"id": self._uuid(), "name": name, "nameNormalized": name.lower(), "createdAt": bulk}
            for name in ("", "Sony", "Müller & Söhne", "Crème")
        ]
        self.product_of_good: dict[int, str] = {}
        self._make_warehouses(bulk)
        for article in articles:
            if article.number % 3 != 1:  # two thirds: some things are in one system only
                self.product_of_good[article.number] = self._add_product(article, bulk)
        self._make_odd_products()
        self._make_levels()

    # What the organisation starts with

    def _make_warehouses(self, at: datetime) -> None:
        for place, (name, city, region, postal, country, units) in enumerate(SITES):
            warehouse = {
                "id": self._uuid(),
                "organization": self.organizations[place % 2],
                "name": name,
                "address": {
                    "name": "GDI",
                    "company": "" if place % 2 else "Ventmere",
                    "address1": f"{145 + place} test road",
                    "address2": "",
                    "city": city,
                    "state": region,
                    "postalCode": postal,
                    "countryId": country,
                    "phone": "",
                    "email": "",
                },
                "dropshipper": place == 1,
                "fulfillmentCenter": True,
                "rmaCenter": place != 2,
                "unitSystem": units,
                "createdAt": at,
                "updatedAt": at,
            }
            self.warehouses[str(warehouse["id"])] = warehouse

    def _add_product(self, article: Article, at: datetime) -> str:
        measured = self._rng.random() < 0.4
        gtin = "871160888" if article.number % 20 == 2 else article.gtin
        if gtin and article.number % 4 == 0:
            gtin = f"0{gtin}"  # the same code, one digit longer: what Square holds without the zero
        product = {
            "id": self._uuid(),
            "organization": self.organizations[2],
            "sku": article.sku.lower() if article.number % 8 == 0 else article.sku,
            "brand": self.brands[0] if self._rng.random() < 0.4 else self._rng.choice(self.brands[1:]),
            "gtin": gtin,
            "name": f"{article.item_name} {article.variant}",
            "remarks": "" if article.number % 4 else "test.",
            "imageMain": ""
            if article.number % 3
            else f"{self.organizations[2]['id']}/2024-04-23/avatar/{PICTURES[article.number % 9 // 3]}"
            f"__{article.number}.jpg",
            "packageLengthMm": self._measure(),
            "packageWidthMm": self._measure(),
            "packageHeightMm": self._measure(),
            "shippingWeightKg": self._measure(100),
            "caseUnit": "CARTON" if article.number % 3 else "EACH",
            "casePack": (0, 1, 2, 6, 12, 24)[article.number // 3 % 6],
            "caseLengthMm": self._measure() if measured else 0.0,
            "caseWidthMm": self._measure() if measured else 0.0,
            "caseHeightMm": self._measure() if measured else 0.0,
            "caseWeightKg": self._measure(10) if measured else 0.0,
            "condition": "NEW",
            "serialNumberRequired": article.number % 7 == 0,
            "expiryDateRequired": article.number % 9 == 0,
            "unknown": article.number % 50 == 48,
            "createdAt": at,
            "updatedAt": at + timedelta(days=article.number % 30, microseconds=345),
            "otherIds": [f"X{article.number:06d}"] if article.number % 20 == 3 else [],
        }
        self.products[str(product["id"])] = product
        return str(product["id"])

    def _make_odd_products(self) -> None:
        """Two products with one GTIN: a code that must not be matched by."""
        coded = [product for product in self.products.values() if len(product["gtin"]) > 11]
        coded[5]["gtin"] = coded[6]["gtin"]

    def _make_levels(self) -> None:
        imported = self._clock.now() - timedelta(days=2, microseconds=-123456)
        warehouses = list(self.warehouses)[:-1]  # the last one has no levels: levels are sparse
        for product in self.products:
            for warehouse in warehouses:
                if self._rng.random() < 0.75:
                    spread = timedelta(microseconds=self._rng.randrange(10**11))
                    at = imported if self._rng.random() < 0.3 else imported + spread
                    if self._rng.random() < 0.01:
                        at = at.replace(microsecond=0)
                    self._put((warehouse, product), self._numbers(), at)
        orphans = [self._uuid() for _ in range(1 + len(self.products) // 250)]
        orphans.append(f"{self._uuid()[:-4]}888")  # 35 characters: no uuid
        for orphan in orphans:
            self._put((warehouses[0], orphan), {"available": 5, "incoming": 0, "reserved": -2}, imported)
        first = next(iter(self.products))
        self._put((warehouses[0], first), {"available": 0, "incoming": 0, "reserved": -13}, imported)
        second = list(self.products)[1]
        self._put(
            (warehouses[0], second),
            {"available": -3, "incoming": 4, "reserved": 0},
            imported.replace(microsecond=0),
        )

    # What happens to it

    def set_level(self, key: LevelKey, *, touch: bool = True, **numbers: int) -> LevelKey:
        """Changes numbers of a level; without `touch` its clock stays where it is. Returns its key."""
        found = self.levels.get(key, {"available": 0, "incoming": 0, "reserved": 0, "updatedAt": self._now()})
        self.levels[key] = {**found, **numbers}
        if touch:
            self.levels[key]["updatedAt"] = self._now()
        return key

    def turn_back_clock(self, key: LevelKey) -> None:
        """Changes a level and sets its clock an hour back."""
        found = self.levels[key]
        self.levels[key] = {
            **found,
            "available": found["available"] + 1,
            "updatedAt": found["updatedAt"] - timedelta(hours=1),
        }

    def remove_level(self, key: LevelKey) -> LevelKey:
        """Lets a level vanish; returns its key."""
        del self.levels[key]
        return key

    def remove_product(self, product: str) -> None:
        """Lets a product vanish while its levels stay: orphans."""
        del self.products[product]

    def rename_product(self, product: str, name: str) -> None:
        """Renames a product."""
        self.products[product] = {**self.products[product], "name": name, "updatedAt": self._now()}

    def add_product(self, article: Article) -> None:
        """Adds a product with a first level."""
        self.product_of_good[article.number] = self._add_product(article, self._now())
        key = (next(iter(self.warehouses)), self.product_of_good[article.number])
        self._put(key, {"available": 10, "incoming": 0, "reserved": 0}, self._now())

    # Parts

    def _put(self, key: LevelKey, numbers: Record, at: datetime) -> None:
        self.levels[key] = {**numbers, "updatedAt": at}

    def _now(self) -> datetime:
        return self._clock.now() + timedelta(microseconds=self._rng.randrange(1, 1000))

    def _numbers(self) -> Record:
        draw = self._rng.random
        available = 0 if draw() < 0.3 else self._rng.randint(1, 400)
        return {
            "available": -self._rng.randint(1, 9) if draw() < 0.01 else available,
            "incoming": 0 if draw() < 0.8 else self._rng.randint(1, 100),
            "reserved": 0 if draw() < 0.7 else -self._rng.randint(1, 50),
        }

    def _measure(self, highest: int = 1000) -> float:
        """A 32-bit float as it prints, with up to 8 digits; or a whole number, which S2 writes with `.0`."""
        if self._rng.random() < 0.3:
            return float(self._rng.randint(1, highest))
        packed = struct.pack("f", self._rng.random() * highest)
        (single,) = struct.unpack("f", packed)
        printed = [float(f"{single:.{digits}g}") for digits in (7, 8, 6)]
        # The shortest that reads back as the same float; six digits always are some float's shortest.
        return next((one for one in printed if struct.pack("f", one) == packed), printed[-1])

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
