"""`python -m tests.simulation.planted`: plants faults in reading, one at a time, that schedules have to find.

Works on copies of the checkout. Ends with 1 when so many schedules did not find one.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipelines.registry import PROVIDERS
from tests.mutants import COPIED, MUTANTS, ROOT

HANDOVER = "sources/_shared/handover.py"
"""What the simulation puts itself in the place of."""
READ, VERDICT = "sources/_shared/read.py", "sources/_shared/verdict.py"


@dataclass(frozen=True)
class Planted:
    """Reading with a fault in it."""

    name: str
    file: str
    there: str
    """What stands there, once."""
    instead: str
    seen_at: tuple[str, ...] = ()
    """Providers that it can be seen at; by default those that the file is of."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Whose schedules are played."""
        room = self.file.split("/")[1]
        return self.seen_at or ((room,) if room in PROVIDERS else tuple(PROVIDERS))


PLANTED = (
    *(
        Planted(one.guard, one.file, one.there, one.instead)
        for one in MUTANTS
        if one.file.startswith("sources/") and one.file != HANDOVER
    ),
    Planted(
        "the mark stays behind while changes show late",
        READ,
        "earlier(asked_at - resource.lag, through)",
        "earlier(asked_at, through)",
    ),
    Planted(
        "the server's clock caps the mark",
        READ,
        "min(asked_at, first.answered_at or asked_at,",
        "min(asked_at,",
    ),
    Planted(
        "what is short of its total retires nothing",
        VERDICT,
        'Reason.SHORT: Verdict(NO, YES, YES, "guarded")',
        'Reason.SHORT: Verdict(YES, YES, YES, "guarded")',
    ),
    Planted(
        "after a first read in two halves, all is read again",
        VERDICT,
        'Reason.RESUMED: Verdict(YES, YES, YES, "guarded")',
        'Reason.RESUMED: Verdict(YES, YES, NO, "guarded")',
        ("sellercloud",),
    ),
    Planted(
        "after a first read whose rows shifted, all is read again",
        VERDICT,
        'Reason.SHIFTED: Verdict(YES, YES, YES, "ok")',
        'Reason.SHIFTED: Verdict(YES, YES, NO, "ok")',
    ),
    Planted(
        "Square: a second look at what is held",
        "sources/square/client.py",
        "yield from with_second_look(pages, window, lambda keys: keys[0], ask, at_once=OBJECTS_AT_ONCE)",
        "yield from pages",
    ),
    Planted(
        "Sellercloud: both clocks are asked by",
        "sources/sellercloud/client.py",
        'CLOCKS = ("lastUpdated", "lastAggregate")',
        'CLOCKS = ("lastUpdated",)',
    ),
    Planted(
        "Sellercloud: pages that do not add up are read again",
        "sources/sellercloud/paging.py",
        "return self.passes > 0 and (is_no_use or not self.told)",
        "return self.passes > 0",
    ),
    Planted(
        "Sellercloud: a page that is empty within the total is missed",
        "sources/sellercloud/paging.py",
        "if not len(records) and total > (number - 1) * PAGE_SIZE:",
        "if False:",
    ),
    Planted(
        "ShipStream: what is disabled is read too",
        "sources/shipstream/client.py",
        'ENABLED = ("true", "false")',
        'ENABLED = ("true",)',
    ),
    Planted(
        "ShipStream: what was enabled between the two scans",
        "sources/shipstream/client.py",
        "if not dated and first_answered_at is not None:",
        "if False:",
    ),
    Planted(
        "ShipStream: filters of another zone are not trusted",
        "sources/shipstream/client.py",
        "if oldest is None or not window.is_whole:",
        "if True:",
    ),
    Planted(
        "a cursor that died starts the scan again",
        "sources/_shared/cursors.py",
        "            cursor = None\n            continue\n",
        "            return\n",
        ("square", "augno"),
    ),
)


def planted(fault: Planted) -> str:
    """The text of the fault's file with the fault in it.

    Raises:
        ValueError: what it takes the place of does not stand there once; the fault wants to be rewritten.
    """
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    if text.count(fault.there) != 1:
        raise ValueError(f"{fault.file}: {fault.there!r} stands there {text.count(fault.there)} times.")
    return text.replace(fault.there, fault.instead)


def main() -> int:
    """Tries every fault, or those whose names hold a word that is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.planted", description=__doc__)
    parser.add_argument("words", nargs="*", help="of the names of faults")
    parser.add_argument("--schedules", type=int, default=3000, help="that a fault may hide from")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chosen = [one for one in PLANTED if all(word in one.name for word in given.words)]
    survived = [one.name for one in chosen if not _is_found(one, given.schedules, given.seed)]
    if survived:
        _say(f"Not found: {'; '.join(survived)}.")
    return 1 if survived else 0


def _is_found(fault: Planted, schedules: int, seed: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="planted-") as made:
        copy = Path(made)
        for name in COPIED:
            found = ROOT / name
            (shutil.copytree if found.is_dir() else shutil.copy)(found, copy / name)
        (copy / fault.file).write_text(planted(fault), encoding="utf-8")
        command = [sys.executable, "-m", "tests.simulation", "--processes", "1", "--enough", "1"]
        played = subprocess.run(
            [*command, "--schedules", str(schedules), "--seed", str(seed), "--providers", *fault.providers],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
    number = re.search(r"^schedule (\d+) of", played.stdout, re.MULTILINE)
    said = re.findall(r"^\w*(?:Error|Exception).*", played.stdout, re.MULTILINE)
    words = (
        f"schedule {number[1]}: {said[-1]:.150}" if number and said else f"NOT FOUND {played.stderr[-800:]}"
    )
    _say(f"without {fault.name}: {words}")
    return number is not None


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
