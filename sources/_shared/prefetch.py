"""Several requests of one read under way at a time, their answers in the order of the questions."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

AT_ONCE = 8
"""Requests of one read that are under way at a time. Each waits for the account's pace like any other: they
fill a pace for which single answers are too slow, and never pass it."""


def in_order(ask: Callable[[Q], A], questions: Iterable[Q]) -> Iterator[A]:
    """The answers in the order of the questions. While one is used, the next are fetched.

    They may be answered in any order: a caller who reads data that moves has to be right whichever it was.
    Where one fails, the error is raised at its turn; requests that have not begun by then are dropped.
    """
    if AT_ONCE == 1:
        yield from map(ask, questions)
        return
    under_way: deque[Future[A]] = deque()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="prefetch")
    try:
        for question in questions:
            under_way.append(pool.submit(copy_context().run, ask, question))
            if len(under_way) == AT_ONCE:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
