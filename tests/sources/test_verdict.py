"""May a read be taken for all there is? The table, case by case."""

from typing import Any

import pytest

from sources._shared.verdict import SEVERITY, TABLE, Evidence, Mode, Reason, verdict_of

SHORT = {Reason.SHORT: "The provider promised 2 more records than it gave."}
BLIND = {Reason.BLIND_FILTER: "Filters do not find it."}
SHIFTED = {Reason.SHIFTED: ""}
MEASURED = {"known": 100, "floor": 0.8, "came": 100}
ALL, HALF = {**MEASURED, "known_came": 100}, {**MEASURED, "known_came": 50}

CASES = [
    # of a sweep                                           retire mark refresh status
    ("sweep", {}, [Reason.COMPLETE], "retire mark ok"),
    ("sweep", ALL, [Reason.COMPLETE], "retire mark ok"),
    ("sweep", {"told": SHORT}, [Reason.SHORT], "mark refresh guarded"),
    ("sweep", HALF, [Reason.BELOW_FLOOR], "mark refresh guarded"),
    ("sweep", {**HALF, "floor": 0}, [Reason.COMPLETE], "retire mark ok"),
    ("sweep", {**HALF, "known": 0}, [Reason.COMPLETE], "retire mark ok"),
    ("sweep", {**MEASURED, "known_came": 80}, [Reason.COMPLETE], "retire mark ok"),
    ("sweep", {**MEASURED, "known_came": 79}, [Reason.BELOW_FLOOR], "mark refresh guarded"),
    ("sweep", {"told": BLIND}, [Reason.BLIND_FILTER], "retire mark refresh guarded"),
    ("sweep", {"nameless": 1}, [Reason.NAMELESS], "mark guarded"),
    ("sweep", {"is_resumed": True, "is_first": True}, [Reason.RESUMED], "retire mark refresh guarded"),
    ("sweep", {"told": SHIFTED, "is_first": True}, [Reason.SHIFTED], "retire mark refresh ok"),
    ("sweep", {"told": SHIFTED}, [Reason.COMPLETE], "retire mark ok"),
    ("sweep", MEASURED, [Reason.OTHER_ACCOUNT], "failed"),
    ("sweep", {**MEASURED, "came": 0}, [Reason.BELOW_FLOOR], "mark refresh guarded"),
    ("sweep", {**MEASURED, "expects_known": False}, [Reason.BELOW_FLOOR], "mark refresh guarded"),
    ("sweep", {**MEASURED, "nameless": 1}, [Reason.BELOW_FLOOR, Reason.NAMELESS], "mark refresh guarded"),
    ("sweep", {**HALF, "told": SHORT}, [Reason.SHORT, Reason.BELOW_FLOOR], "mark refresh guarded"),
    ("sweep", {"told": BLIND, "nameless": 1}, [Reason.BLIND_FILTER, Reason.NAMELESS], "mark refresh guarded"),
    # of an incremental read
    ("incremental", {}, [Reason.COMPLETE], "mark ok"),
    ("incremental", {"told": SHORT}, [Reason.SHORT], "guarded"),
    ("incremental", {"nameless": 1}, [Reason.NAMELESS], "mark ok"),
    ("incremental", {"told": SHORT, "nameless": 1}, [Reason.SHORT, Reason.NAMELESS], "guarded"),
    ("incremental", {"is_resumed": True, "is_first": True}, [Reason.RESUMED], "mark ok"),
    # of a backfill
    ("backfill", {}, [Reason.COMPLETE], "ok"),
    ("backfill", {"told": SHORT}, [Reason.SHORT], "guarded"),
    ("backfill", {"nameless": 1}, [Reason.NAMELESS], "ok"),
]


@pytest.mark.parametrize(("mode", "known", "reasons", "follows"), CASES)
def test_what_follows_of_a_read(
    mode: Mode, known: dict[str, Any], reasons: list[Reason], follows: str
) -> None:
    evidence = Evidence(mode, **known)
    retires, mark, refresh, status = evidence.verdict
    named = zip(("retire", "mark", "refresh"), (retires, mark, refresh), strict=True)
    assert [*evidence.reasons] == reasons
    assert " ".join([name for name, holds in named if holds] + [status]) == follows


@pytest.mark.parametrize("mode", TABLE)
def test_whatever_speaks_against_a_read_adds_up_to_nothing_milder(mode: Mode) -> None:
    table = TABLE[mode]
    for reason, other in ((one, two) for one in table for two in table):
        both = verdict_of([reason, other], mode)
        for one in (table[reason], table[other]):
            assert both.retires <= one.retires
            assert both.moves_mark <= one.moves_mark
            assert both.refreshes_next >= one.refreshes_next
            assert SEVERITY.index(both.status) >= SEVERITY.index(one.status)


def test_only_a_sweep_retires_and_no_backfill_moves_the_mark() -> None:
    assert not any(row.retires for mode in ("incremental", "backfill") for row in TABLE[mode].values())
    assert not any(row.moves_mark for row in TABLE["backfill"].values())


WORDS = [
    ("sweep", {"told": SHORT}, "nothing was retired, and the next run is a full refresh"),
    ("incremental", {"told": SHORT}, "the mark stays: the next run asks for the same window"),
    ("sweep", HALF, "brought 50 of the 100 records that are known, less than 80%. Nothing was retired."),
    ("sweep", HALF, "run stocktake sweep --account north --confirm-drop"),
    ("sweep", {"nameless": 3}, "3 records of it or of its parent cannot be read"),
    ("sweep", {"told": BLIND}, "Until that is fixed, every run is a full refresh."),
    ("sweep", {"is_resumed": True, "is_first": True}, "may be missing until the next run"),
    ("sweep", MEASURED, "None of the 100 known records came, but 100 others"),
]


@pytest.mark.parametrize(("mode", "known", "words"), WORDS)
def test_people_are_told_why_and_what_next(mode: Mode, known: dict[str, Any], words: str) -> None:
    assert words in Evidence(mode, **known).words("north", "counts")


def test_nothing_is_told_of_a_read_that_is_well() -> None:
    assert Evidence("sweep", is_first=True, told=SHIFTED).words("north", "counts") == ""
