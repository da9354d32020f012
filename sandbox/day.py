"""What a room needs to live through a day of the world."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sandbox.articles import Article


@dataclass
class Day:
    """A day in one provider's room: chance, time and new articles to live it with.

    Args:
        rng: the room's own chance.
        later: moves the clock on by up to so large a share of the room's hours; a room's shares must not
            sum up to more than 1.
        new_article: brings an article into the world that nobody had yet.
    """

    rng: Random
    later: Callable[[float], None]
    new_article: Callable[[], Article]
