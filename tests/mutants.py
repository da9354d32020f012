"""`python -m tests.mutants`: takes out each guard against a loss, and sees that a test fails and names it.

Works on copies of the checkout. Ends with 1 when the tests pass without a guard.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("sources", "pipelines", "sandbox", "dbt_models", "tests", "pyproject.toml")
MOVING, DYING = (f"tests/pipelines/test_{name}.py" for name in ("moving_data", "dying"))
PAGING = "tests/sources/test_sellercloud_paging.py"


@dataclass(frozen=True)
class Mutant:
    """The product without one of its guards."""

    guard: str
    file: str
    there: str
    """The code that guards; it stands there once."""
    instead: str
    test: str
    """The test that has to fail."""
    loss: str
    """What its failure has to say, a regular expression."""


MUTANTS = (
    Mutant(
        "overlap",
        "sources/_shared/mark.py",
        "None if is_whole or mark is None else mark - options.overlap",
        "None if is_whole or mark is None else mark",
        f"{MOVING}::test_changes_that_show_late_are_caught_by_the_overlap",
        r"square\.inventory_counts: 3 out of date",
    ),
    Mutant(
        "reverse paging",
        "sources/sellercloud/paging.py",
        "[*range(min(start or last, last), 1, -1), *([1] if last > 1 else [])]",
        "[*range(2, last + 1)]",
        f"{PAGING}::test_no_row_that_stays_in_a_window_is_lost_while_others_leave_it",
        r"\d lost",
    ),
    Mutant(
        "count anew when the total fell",
        "sources/sellercloud/paging.py",
        "if total < self.total and not self.is_dated:",
        "if False:",
        f"{PAGING}::test_no_row_that_stays_is_lost_while_others_go_and_move",
        r"\d lost",
    ),
    Mutant(
        "mark after the last page",
        "sources/_shared/resource.py",
        "            result.fail(error)\n",
        "            result.fail(error)\n"
        "            state['asked_through'] = result.started_at.isoformat()\n",
        f"{MOVING}::test_a_read_that_breaks_off_loses_nothing_of_its_later_pages",
        r"square\.inventory_counts: \d+ out of date",
    ),
    Mutant(
        "sweep floor",
        "sources/_shared/verdict.py",
        "self.known_came < self.floor * self.known",
        "False",
        f"{MOVING}::test_a_sweep_below_the_floor_still_loads_what_it_brought",
        r"\d+ lost",
    ),
    Mutant(
        "drain first",
        "pipelines/load.py",
        "    if pipeline.has_pending_data:\n",
        "    if False:\n",
        f"{DYING}::test_a_load_that_dies_anywhere_is_repaired_by_the_next",
        r"Directory not empty",
    ),
    Mutant(
        "versions one after the other",
        "sources/_shared/handover.py",
        "versions.dropped, versions.rounds)",
        "versions.dropped)",
        f"{MOVING}::test_two_versions_in_one_scan_leave_one_current_row_and_both_in_history",
        r"current twice",
    ),
    Mutant(
        "one transaction a load",
        "pipelines/dlt_internals.py",
        "        with self.sql_client.begin_transaction():\n",
        "        if True:\n",
        f"{DYING}::test_a_load_that_dies_anywhere_is_repaired_by_the_next",
        r"mixed: \w+ is not as it was",
    ),
)


def main() -> int:
    """Tries every mutant that is named on the command line, or all."""
    survived = [one.guard for one in MUTANTS if one.guard in (sys.argv[1:] or one.guard) and not _dies(one)]
    if survived:
        _say(f"The tests do not notice when these are gone: {', '.join(survived)}.")
    return 1 if survived else 0


def without(mutant: Mutant) -> str:
    """The text of the mutant's file without the guard.

    Raises:
        ValueError: the guard does not stand there once; the mutant wants to be rewritten.
    """
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.there) != 1:
        raise ValueError(f"{mutant.file}: {mutant.there!r} stands there {text.count(mutant.there)} times.")
    return text.replace(mutant.there, mutant.instead)


def _dies(mutant: Mutant) -> bool:
    with tempfile.TemporaryDirectory(prefix="mutant-") as made:
        copy = Path(made)
        for name in COPIED:
            found = ROOT / name
            (shutil.copytree if found.is_dir() else shutil.copy)(found, copy / name)
        (copy / mutant.file).write_text(without(mutant), encoding="utf-8")
        tested = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
    said = [line for line in tested.stdout.splitlines() if line.startswith("E  ")]
    named = next((line[1:].strip() for line in said if re.search(mutant.loss, line)), "")
    is_dead = tested.returncode == 1 and bool(named)
    _say(f"without {mutant.guard}: {f'{named:.200}' if is_dead else 'NOT NOTICED'}\n    {mutant.test}")
    if not is_dead:
        _say("\n".join(tested.stdout.splitlines()[-30:]))
    return is_dead


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
