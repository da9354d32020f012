"""What came of reading one resource."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sources._shared.verdict import Mode, Reason, Status, Verdict, verdict_of


class Unreadable(NamedTuple):
    """A record that could not be read, as people are told of it."""

    record_key: str | None
    reason: str
    payload: str


@dataclass
class ReadResult:
    """What one resource was asked and what came of it: one row of the sync log."""

    resource: str
    mode: Mode
    started_at: datetime
    asked_from: datetime | None = None
    asked_through: datetime | None = None
    mark_before: datetime | None = None
    mark_after: datetime | None = None
    requests: int = 0
    pages: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0
    rows_promised: int | None = None
    rows_read: int = 0
    rows_distinct: int = 0
    rows_unreadable: int = 0
    """Records that could not be read and were left out."""
    unreadable: list[Unreadable] = field(default_factory=list)
    """Those records."""
    reads_all_unreadable: bool = False
    """Whether they are all there are of the resource: it was read whole."""
    read_again: list[str] = field(default_factory=list)
    """Keys of records that could not be read before, and could now."""
    rows_superseded: int = 0
    """Records that came twice in one read, the older one first seen last: only the newer was kept."""
    bytes_read: int = 0
    repair_horizon: datetime | None = None
    """A sweep's new versions with a clock at or before this moment should have come incrementally."""
    is_elsewhere: bool = False
    """Whether the account is asked at another base_url than at its last sweep."""
    is_first: bool = False
    """Whether no sweep has been `ok` so far: what never came is not known, and nobody can look for it."""
    resumed_from: datetime | None = None
    """When the first read began that this one went on with."""
    finished_at: datetime | None = None
    status: Status = "ok"
    error_class: str | None = None
    error_message: str | None = None
    error_advice: str = ""
    verdict: Verdict | None = None
    """What follows of it; None until it has ended."""

    @property
    def retires(self) -> bool:
        """Whether current rows that it did not bring are retired."""
        return self.verdict is not None and self.verdict.retires

    def end(self, verdict: Verdict, words: str) -> None:
        """Records what follows of the read, and why where something speaks against it."""
        self.verdict, self.status = verdict, verdict.status
        if words:
            self.error_class, self.error_message = "Guard", words

    def fail(self, error: BaseException) -> None:
        """Records why the read did not finish. The mark stays where it was."""
        self.end(verdict_of([Reason.BROKEN_OFF], self.mode), str(error))
        self.error_class = type(error).__name__
        self.mark_after = self.mark_before
        self.reads_all_unreadable = False
