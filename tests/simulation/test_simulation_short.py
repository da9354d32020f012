"""Some schedules of the simulation in every test run, always the same; `make simulate` plays many more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.rooms import ROOMS
from tests.mutants import ROOT
from tests.simulation.adapter import Died
from tests.simulation.block import block
from tests.simulation.planted import PLANTED, Planted, planted
from tests.simulation.play import Player, journals, play
from tests.simulation.schedule import Schedule, drawn


@pytest.fixture
def folder() -> Iterator[Path]:
    with journals() as made:
        yield made


@pytest.mark.parametrize("provider", ROOMS)
def test_schedules_end_with_the_truth_and_break_no_rule_on_the_way(provider: str) -> None:
    assert block(20260105, range(30), 8, [provider]) == []


@pytest.mark.parametrize("through_httpx", [False, True], ids=["direct", "through httpx"])
def test_the_same_number_is_the_same_schedule(
    through_httpx: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[object]] = []
    made = Player.__init__

    def keep(player: Player, *arguments: object) -> None:
        made(player, *arguments)  # type: ignore[arg-type]
        asked.append(player.sandbox.requests)  # type: ignore[arg-type]

    monkeypatch.setattr(Player, "__init__", keep)
    for number in range(5):
        schedule = drawn(1, number, 6)
        play(schedule, folder)
        play(Schedule(**{**vars(schedule), "through_httpx": through_httpx}), folder)
        one, other = ([(call.path, call.params, call.body, call.status) for call in calls] for calls in asked)
        if through_httpx:  # what is under way at a time is sent by threads, in an order of their own
            one, other = sorted(one, key=repr), sorted(other, key=repr)
        assert one == other
        asked.clear()


def test_a_login_that_breaks_off_stops_no_other_request(folder: Path) -> None:
    """Its lock was held for as long as its error lived, and what was under way beside it waited for ever."""
    play(drawn(9001, 16083, 8), folder)


def test_a_death_is_one(folder: Path) -> None:
    """Schedules do die in the middle of reading, and what they left on disk is gone on with."""
    dying = ("run_and_die", 7, 0.0, 0.0, False, 9, False)
    schedule = Schedule("square", 3, None, 3, 2, 1, False, False, (dying,))
    resumed: list[object] = []
    died: list[Died] = []
    work = Player._work

    def note(player: Player, how: object) -> object:
        try:
            rows = work(player, how)  # type: ignore[arg-type]
        except Died as death:
            died.append(death)
            raise
        resumed.extend(row["resumed_from"] for row in rows.values() if row["resumed_from"])
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Player, "_work", note)
        play(schedule, folder)
    assert died
    assert resumed


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_a_fault_can_still_be_planted(fault: Planted) -> None:
    assert planted(fault) != (ROOT / fault.file).read_text(encoding="utf-8")
