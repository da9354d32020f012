"""One world for all providers: the articles, and what happens to them."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Literal, get_args

from sandbox.articles import Article, make_articles
from sandbox.clock import Clock
from sandbox.day import Day
from sandbox.rooms import ROOMS

Size = Literal["S", "M", "L"]
SIZES: tuple[Size, ...] = get_args(Size)
ITEMS: dict[Size, int] = {"S": 32, "M": 320, "L": 7000}
LIVELY = timedelta(hours=20)
"""Of a day's 24 hours, so that it has an evening in which nothing moves."""


class World:
    """The same seed, size and start give the same bytes, whatever the wall clock says.

    A size that is a number is of so many items. Every provider's room has its own chance: what one room holds
    does not depend on which others there are.
    """

    def __init__(self, seed: int, size: Size | int, clock: Clock, providers: Sequence[str]) -> None:
        self.clock = clock
        # The names seed chance: with other ones, everybody's stock would be another.
        self._random = {name: _chance(seed, name) for name in ("goods", *providers)}
        count = size if isinstance(size, int) else ITEMS[size]
        self.articles = make_articles(self._random["goods"], count)
        self.data: dict[str, Any] = {
            name: ROOMS[name].data(self._random[name], clock, self.articles) for name in providers
        }
        self._gone: dict[str, list[tuple[tuple[str, ...], Callable[[], None]]]] = {
            name: [] for name in providers
        }
        self._turn = 0

    def change(self, count: int) -> dict[str, list[tuple[str, ...]]]:
        """Changes exactly so many stock records of every provider, now; returns their keys per provider.

        Calls in a row go round.

        Raises:
            ValueError: one of them has fewer; nothing was changed.
        """
        chosen = {name: self._next_keys(ROOMS[name].stock(data), count) for name, data in self.data.items()}
        self._turn += count
        for name, keys in chosen.items():
            for key in keys:
                ROOMS[name].change(self.data[name], key)
        return chosen

    def stock(self, provider: str) -> Sequence[tuple[str, ...]]:
        """The keys of a provider's stock records that can be changed, in order."""
        return ROOMS[provider].stock(self.data[provider])

    def gone(self, provider: str) -> int:
        """How many of a provider's stock records are removed."""
        return len(self._gone[provider])

    def change_one(self, provider: str, place: int) -> tuple[str, ...]:
        """Changes the stock record at that place, counted round, now; returns its key."""
        keys = self.stock(provider)
        key = keys[place % len(keys)]
        ROOMS[provider].change(self.data[provider], key)
        return key

    def remove(self, provider: str, place: int) -> tuple[str, ...]:
        """Lets the stock record at that place, counted round, vanish; returns its key.

        Raises:
            ValueError: the provider's room cannot do that.
        """
        remove = ROOMS[provider].remove
        if remove is None:
            raise ValueError(f"{provider} removes nothing")
        keys = self.stock(provider)
        key = keys[place % len(keys)]
        self._gone[provider].append((key, remove(self.data[provider], key)))
        return key

    def bring_back(self, provider: str, place: int) -> tuple[str, ...]:
        """Brings back the removed record at that place, counted round, now; returns its key.

        Raises:
            ValueError: none is removed.
        """
        gone = self._gone[provider]
        if not gone:
            raise ValueError(f"nothing of {provider} is removed")
        key, bring_back = gone.pop(place % len(gone))
        bring_back()
        return key

    def simulate_day(self) -> None:
        """A plausible day."""
        for name, data in self.data.items():
            ROOMS[name].live(data, Day(self._random[name], partial(self._later, name), self._new_good))

    def _later(self, provider: str, share: float) -> None:
        """A while, to the millisecond; never longer than the share of the room's hours."""
        longest = int(LIVELY / len(self.data) * share / timedelta(milliseconds=1))
        self.clock.advance(seconds=self._random[provider].randint(1, longest) / 1000)

    def _new_good(self) -> Article:
        number = 100_000 + len(self.articles)
        article = Article(number, number, f"New thing {number}", "Regular", f"NEW-{number}", "")
        self.articles.append(article)
        return article

    def _next_keys(self, keys: Sequence[tuple[str, ...]], count: int) -> list[tuple[str, ...]]:
        if count > len(keys):
            raise ValueError(f"there are only {len(keys)} to change")
        start = self._turn % len(keys)
        return [*keys, *keys][start : start + count]


def _chance(seed: int, name: str) -> random.Random:
    return random.Random(f"{seed} {name}")  # noqa: S311  chance that can be repeated, nothing secret
