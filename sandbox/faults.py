"""Answers that go wrong, for any provider: asked for one by one, or by rate."""

import random
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["status", "html", "truncated", "invalid_json", "empty", "reset", "cut", "slow"]


@dataclass(frozen=True)
class Fault:
    """One way for an answer to go wrong."""

    kind: Kind
    """`status`: an error in the provider's own words; `html`: a proxy's error page; `truncated`: half the
    body; `invalid_json`: rubbish before the body; `empty`: status 200 without a body; `reset`: the connection
    is torn; `cut`: it is torn after half the body; `slow`: it waits."""
    status: int = 500
    """For `status` and `html`."""
    retry_after: str | None = None
    """The Retry-After header of a `status` fault."""
    seconds: float = 0.0
    """How long a `slow` answer takes, in real seconds."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"{self.kind} is no kind of fault; there are {', '.join(get_args(Kind))}")


@dataclass
class Faults:
    """The faults that await one provider's requests."""

    seed: int
    waiting: list[Fault | None] = field(default_factory=list)
    """The next requests meet these, in order; None lets one pass."""
    rates: dict[Fault, float] = field(default_factory=dict)
    """How often a request meets a fault by chance, 0 to 1."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  chance that can be repeated, nothing secret

    def next(self, fault: Fault | None, times: int = 1) -> None:
        """Lets the next requests meet a fault."""
        self.waiting.extend([fault] * times)

    def draw(self) -> Fault | None:
        """The fault of the request at hand, if any."""
        if self.waiting:
            return self.waiting.pop(0)
        for fault, rate in self.rates.items():
            if self._random.random() < rate:
                return fault
        return None
