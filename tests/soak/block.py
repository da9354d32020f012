"""Some schedules of one seed, and what came of them."""

import contextlib
import io
import time
import traceback
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.machine import Stocktaking


@dataclass(frozen=True)
class Block:
    """What came of one seed."""

    seed: int
    schedules: int
    seconds: float
    failure: str = ""
    """The shrunk schedule and what it broke; '' where nothing broke."""


def soak(seed: int, schedules: int, steps: int, *, shrink: bool) -> Block:
    """The schedules of one seed, in this process."""
    begun, said, failure = time.monotonic(), io.StringIO(), ""
    before = Stocktaking.begun
    how = settings(
        max_examples=schedules,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
    )
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            run_state_machine_as_test(with_seed(seed)(Stocktaking), settings=how)
        except Exception:
            failure = said.getvalue() + traceback.format_exc()
    return Block(seed, Stocktaking.begun - before, time.monotonic() - begun, failure)
