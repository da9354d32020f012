"""How fast a provider is asked: one limit and one pause for everyone whom it counts together."""

from collections.abc import Iterator

import pytest

from sources._shared import clock
from sources._shared.pace import Pace, shared_pace


class Still(clock.Clock):
    """Stands still, but for those who sleep."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def still() -> Iterator[Still]:
    with clock.using(Still()) as made:
        yield made


def test_a_pause_holds_for_everyone_who_shares_the_pace(still: Still) -> None:
    one, other = (shared_pace("https://paused.test/v1", 1000) for _ in range(2))
    one.pause(30)
    other.wait()
    assert still.slept == [30]


def test_the_longer_of_two_pauses_holds_and_ends(still: Still) -> None:
    pace = Pace()
    pace.pause(30)
    pace.pause(10)
    pace.wait()
    pace.wait()
    assert still.slept == [30]


def test_nobody_waits_without_a_pause(still: Still) -> None:
    Pace().wait()
    assert still.slept == []
