"""May a read be taken for all there is? One table: what was found out about it, and what follows.

The exit code follows from the status: 0 while all are `ok`, 3 where one is `guarded` or `failed` or a record
cannot be read, 1 where nothing could be read at all.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

Mode = Literal["incremental", "sweep", "backfill"]
Status = Literal["ok", "guarded", "failed"]


class Reason(StrEnum):
    """What a read turned out to be. The weightiest first: its words are told."""

    BROKEN_OFF = "broken off by an error"
    OTHER_ACCOUNT = "another account's answers"
    SHORT = "short of the promised total"
    BELOW_FLOOR = "below the floor"
    BLIND_FILTER = "filter not to be trusted"
    NAMELESS = "unreadable records without a key"
    RESUMED = "a first read, resumed in two halves"
    SHIFTED = "a first read, whose rows shifted while they were paged"
    COMPLETE = "complete"


class Verdict(NamedTuple):
    """What follows of a read."""

    retires: bool
    """Whether current rows that it did not bring are retired."""
    moves_mark: bool
    refreshes_next: bool
    """Whether the next run reads all of it again, whatever the schedule says."""
    status: Status


YES, NO = True, False

AFTER_A_SWEEP = {
    #                            retires  mark  refresh  status
    Reason.BROKEN_OFF: Verdict(NO, NO, NO, "failed"),
    Reason.OTHER_ACCOUNT: Verdict(NO, NO, NO, "failed"),
    Reason.SHORT: Verdict(NO, YES, YES, "guarded"),
    Reason.BELOW_FLOOR: Verdict(NO, YES, YES, "guarded"),
    Reason.BLIND_FILTER: Verdict(YES, YES, YES, "guarded"),
    Reason.NAMELESS: Verdict(NO, YES, NO, "guarded"),
    # What moved in between may be in neither half, and nothing is known yet that could be looked for.
    Reason.RESUMED: Verdict(YES, YES, YES, "guarded"),
    # The rows add up, but one may have stood for another.
    Reason.SHIFTED: Verdict(YES, YES, YES, "ok"),
    Reason.COMPLETE: Verdict(YES, YES, NO, "ok"),
}
AFTER_AN_INCREMENTAL_READ = {
    Reason.BROKEN_OFF: Verdict(NO, NO, NO, "failed"),
    Reason.SHORT: Verdict(NO, NO, NO, "guarded"),
    Reason.BLIND_FILTER: Verdict(NO, NO, YES, "guarded"),
    Reason.NAMELESS: Verdict(NO, YES, NO, "ok"),
    Reason.RESUMED: Verdict(NO, YES, NO, "ok"),
    Reason.SHIFTED: Verdict(NO, YES, NO, "ok"),
    Reason.COMPLETE: Verdict(NO, YES, NO, "ok"),
}
TABLE: Mapping[Mode, Mapping[Reason, Verdict]] = {
    "sweep": AFTER_A_SWEEP,
    "incremental": AFTER_AN_INCREMENTAL_READ,
    "backfill": {
        reason: verdict._replace(moves_mark=NO) for reason, verdict in AFTER_AN_INCREMENTAL_READ.items()
    },
}
SEVERITY: tuple[Status, ...] = ("ok", "guarded", "failed")


@dataclass(frozen=True)
class Evidence:
    """What is known of a read that came to its end."""

    mode: Mode
    told: Mapping[Reason, str] = field(default_factory=dict)
    """What the pages gave to think, in words."""
    is_first: bool = False
    """Whether none before it was `ok`."""
    is_resumed: bool = False
    """Whether it went on with what an earlier run had read."""
    expects_known: bool = True
    """Whether some of the known rows have to come; where the scope is another, maybe none do."""
    known: int = 0
    """The current rows that a sweep is measured against; 0 where it is not."""
    known_came: int = 0
    """How many of them came."""
    came: int = 0
    """How many different keys came."""
    floor: float = 0.0
    """The share of the known rows that has to come."""
    nameless: int = 0
    """The records of it and its parent that cannot be read, while it is not known which rows they are."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What the read turned out to be, the weightiest first."""
        is_known = self.known_came or not (self.known and self.floor and self.came)
        if not is_known and self.expects_known and not self.nameless:
            return (Reason.OTHER_ACCOUNT,)
        holds = {
            Reason.SHORT: Reason.SHORT in self.told,
            Reason.BELOW_FLOOR: self.known_came < self.floor * self.known,
            Reason.BLIND_FILTER: Reason.BLIND_FILTER in self.told,
            Reason.NAMELESS: self.nameless,
            Reason.RESUMED: self.is_first and self.is_resumed,
            Reason.SHIFTED: self.is_first and Reason.SHIFTED in self.told,
        }
        return tuple(reason for reason, is_so in holds.items() if is_so) or (Reason.COMPLETE,)

    @property
    def verdict(self) -> Verdict:
        """What follows."""
        return verdict_of(self.reasons, self.mode)

    def words(self, account: str, resource: str) -> str:
        """Why the read is guarded or failed, for people; '' where it is neither."""
        if self.verdict.status == "ok":
            return ""
        told = {
            Reason.OTHER_ACCOUNT: f"None of the {self.known} known records came, but {self.came} others: this"
            " is another account's data. Nothing of it was loaded.",
            Reason.SHORT: f"{self.told.get(Reason.SHORT)} What came was loaded, nothing was retired, and the"
            + (
                " next run is a full refresh."
                if self.mode == "sweep"
                else " mark stays: the next run asks for the same window."
            ),
            Reason.BELOW_FLOOR: f"the sweep brought {self.known_came} of the {self.known} records that are"
            f" known, less than {self.floor:.0%}. Nothing was retired. If they are really gone, run stocktake"
            f" sweep --account {account} --confirm-drop.",
            Reason.BLIND_FILTER: f"{self.told.get(Reason.BLIND_FILTER)} Until that is fixed, every run is a"
            " full refresh.",
            Reason.RESUMED: "the first read was broken off and went on where it stopped. All that came was"
            " loaded; what moved in between may be missing until the next run, which is a full refresh.",
            Reason.NAMELESS: f"{self.nameless} records of it or of its parent cannot be read, and it is not"
            " known which of the current rows they are. All others were loaded, and nothing was retired.",
        }
        first = self.reasons[0]
        return told[first] if first is Reason.OTHER_ACCOUNT else f"{account}: {resource}: {told[first]}"


def verdict_of(reasons: Collection[Reason], mode: Mode) -> Verdict:
    """What follows of several reasons: each is obeyed."""
    rows = [TABLE[mode][reason] for reason in reasons]
    return Verdict(
        retires=all(row.retires for row in rows),
        moves_mark=all(row.moves_mark for row in rows),
        refreshes_next=any(row.refreshes_next for row in rows),
        status=max((row.status for row in rows), key=SEVERITY.index),
    )


def missing(count: int) -> str:
    """The words for promised records that did not come."""
    return f"The provider promised {count} more records than it gave, also when asked again."
