"""`python -m tests.simulation --schedules N --seed S`: many schedules until one breaks a rule.

The same seed gives the same schedules again, each with its number: `--only 4711` plays one of them.
"""

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from sandbox.rooms import ROOMS
from tests.simulation.block import block

BLOCK = 500


def main() -> int:
    """Plays blocks of schedules side by side and tells of each that breaks a rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of all chance")
    parser.add_argument("--steps", type=int, default=8, help="of one schedule, at most")
    parser.add_argument("--providers", nargs="*", default=list(ROOMS), choices=list(ROOMS), help="these only")
    parser.add_argument("--only", type=int, help="the number of one schedule")
    parser.add_argument("--enough", type=int, default=3, help="broken schedules: the rest is not played")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="side by side")
    given = parser.parse_args()
    begun = time.monotonic()
    last = given.schedules if given.only is None else given.only + 1
    blocks = [range(first, min(first + BLOCK, last)) for first in range(given.only or 0, last, BLOCK)]
    _say(f"seed {given.seed}: {sum(map(len, blocks))} schedules of up to {given.steps} steps")
    failed = done = 0
    with ProcessPoolExecutor(given.processes, multiprocessing.get_context("spawn")) as pool:
        how = given.steps, given.providers, given.enough
        waiting = {pool.submit(block, given.seed, numbers, *how): numbers for numbers in blocks}
        for one in as_completed(waiting):
            done += len(waiting[one])
            for words in one.result():
                failed += 1
                _say(f"{words}\nafter {done} schedules, in {time.monotonic() - begun:.0f} s")
            if failed >= given.enough:
                pool.shutdown(cancel_futures=True)
                break
    spent = time.monotonic() - begun
    _say(f"{done} schedules in {spent:.0f} s, {done / spent * 60:.0f} a minute: {failed} broke a rule")
    return 1 if failed else 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
