"""Some schedules of one seed, and what came of them."""

import traceback
from collections.abc import Sequence

from tests.simulation.play import Broken, journals, play, shrunk
from tests.simulation.schedule import drawn


def block(seed: int, numbers: range, steps: int, providers: Sequence[str], enough: int = 3) -> list[str]:
    """Plays some schedules of a seed; tells of those that break a rule, shrunk, until there are enough."""
    told = []
    with journals() as folder:
        for number in numbers:
            try:
                play(drawn(seed, number, steps, providers), folder)
            except Broken as broken:
                told.append(words_of(shrunk(broken, folder), seed, number))
                if len(told) >= enough:
                    break
    return told


def words_of(broken: Broken, seed: int, number: int) -> str:
    """A broken schedule as it is told."""
    found = broken.schedule
    what = {name: value for name, value in vars(found).items() if name != "steps"}
    lines = [f"schedule {number} of seed {seed}, shrunk: {what}", *(f"    {step}" for step in found.steps)]
    lines.append(f"broke at step {broken.step}:")
    lines += traceback.format_exception(broken.cause)[-6:]
    return "\n".join(lines)
