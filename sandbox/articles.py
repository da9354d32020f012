"""The physical articles behind every system: the same thing is a variation in Square and a product in S2."""

import random
from dataclasses import dataclass

NOUNS = ("Tea", "Mug", "Kettle", "Blanket", "Lamp", "Notebook", "Backpack", "Bottle", "Candle", "Chair")
KINDS = (
    "Black",
    "Grün",
    "Crème brûlée",
    "Classic",
    "Travel",
    "XL",
    "No. 7",
    "听雨",
    'The "Original"',
    "A, B & C",
)
VARIANTS = ("Regular", "Small", "Large", "Blue", "Rouge", "100 g", "250 g", "🎁 Gift set")


@dataclass(frozen=True)
class Article:
    """One thing that can lie on a shelf."""

    number: int
    item: int
    """Articles with the same item number are variations of one item."""
    item_name: str
    variant: str
    sku: str
    """May be blank, repeated, or start with zeros."""
    gtin: str
    """A valid GTIN-12 or GTIN-13 of its own, or ''."""


def make_articles(rng: random.Random, items: int) -> list[Article]:
    """Articles of so many items, one to five variations each, one with twelve (square.md §9)."""
    articles: list[Article] = []
    for item in range(items):
        name = f"{NOUNS[item % len(NOUNS)]} {KINDS[(item + item // len(NOUNS)) % len(KINDS)]}"
        if item >= len(NOUNS) * len(KINDS):
            name += f" {item // (len(NOUNS) * len(KINDS)) + 1}"
        if item == 3:
            name = (name + " " + "long name " * 60)[:512]
        for _ in range(12 if item == 5 else rng.randint(1, 5)):
            number = len(articles)
            articles.append(
                Article(
                    number,
                    item,
                    name,
                    VARIANTS[number % len(VARIANTS)],
                    _sku(rng, number),
                    _gtin(rng, number),
                )
            )
    return articles


def _sku(rng: random.Random, number: int) -> str:
    if number % 29 == 7:
        return ""
    if number % 31 == 9:
        return "SKU-TWICE"
    if number % 17 == 5:
        return f"000{number:05d}A"
    return f"ST-{number:05d}-{rng.choice('ABCDEF')}"


def _gtin(rng: random.Random, number: int) -> str:
    if rng.random() < 0.3:
        return ""
    body = f"036000{number:05d}" if number % 3 == 0 else f"7045557{number:05d}"
    return f"{body}{check_digit(body)}"


def check_digit(body: str) -> int:
    """The last digit of a GTIN of any length: weights 3 and 1 from the right (GS1 General Specifications)."""
    return -sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body))) % 10
