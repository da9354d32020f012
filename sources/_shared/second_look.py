"""The second look: what the warehouse holds and a whole read did not bring is asked for by name.

Rows that move while pages are read can hide one another. Before anybody takes them for gone, they are asked
for once more, as many in a question as the provider and every server between will take.
"""

from collections.abc import Callable, Iterator, Sequence

from sources._shared.errors import CursorExpiredError, RefusedError
from sources._shared.mark import Window
from sources._shared.records import Keys, Page

TOO_MUCH = frozenset({400, 404, 413, 414})
"""What servers answer to a question that is too long, each in its own way."""


def with_second_look(
    pages: Iterator[Page],
    window: Window,
    name_of: Callable[[Keys], str | None],
    ask: Callable[[Sequence[str]], Iterator[Page]],
    *,
    at_once: int,
    fits: Callable[[Sequence[str]], bool] = lambda names: True,
) -> Iterator[Page]:
    """The pages, and where all there is was asked for, those of a second look.

    Args:
        name_of: by which name a row is asked for; None where it cannot be, or is none of these pages'.
    """
    yield from pages
    lost = window.missing_keys() if window.is_whole else frozenset()
    names = {name for keys in lost if (name := name_of(keys)) is not None}
    yield from look_again(sorted(names), ask, at_once=at_once, fits=fits)


def look_again(
    names: Sequence[str],
    ask: Callable[[Sequence[str]], Iterator[Page]],
    *,
    at_once: int,
    fits: Callable[[Sequence[str]], bool] = lambda names: True,
) -> Iterator[Page]:
    """The pages of all questions, in order.

    A question that is refused is asked again in halves, and later ones are no longer than what was taken. A
    single name that is refused cannot be asked for: what has it counts as not found.

    Args:
        at_once: the most names in one question.
        fits: whether a question with these names is short enough; one with a single name always is asked.
    """
    rest = list(names)
    while rest:
        batch = rest[:at_once]
        while len(batch) > 1 and not fits(batch):
            batch.pop()
        try:
            pages = list(ask(batch))
        except RefusedError as error:
            if error.status not in TOO_MUCH or isinstance(error, CursorExpiredError):
                raise
            if len(batch) > 1:
                at_once = len(batch) // 2
                continue
            pages = []
        yield from pages
        rest = rest[len(batch) :]
