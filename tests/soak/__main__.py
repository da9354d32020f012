"""`python -m tests.soak --schedules N --seed S`: many schedules, over all cores, until one breaks a rule.

Schedules come in blocks, a seed each: the same seed and length give the same schedules again.
"""

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.soak.block import soak

BLOCK = 5
"""Schedules a seed. The first of each is the simplest there is."""


def main() -> int:
    """Runs blocks side by side and tells of each."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of the first block; the others follow")
    parser.add_argument("--steps", type=int, default=8, help="of one schedule, at most")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="side by side")
    parser.add_argument("--no-shrink", action="store_true", help="tell of a failure as it was found")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + -(-given.schedules // BLOCK))
    begun, count, last = time.monotonic(), 0, ""
    failed: list[int] = []
    with ProcessPoolExecutor(given.processes, multiprocessing.get_context("spawn")) as pool:
        sizes = {seed: min(BLOCK, given.schedules - BLOCK * place) for place, seed in enumerate(seeds)}
        blocks = [
            pool.submit(soak, seed, size, given.steps, shrink=not given.no_shrink)
            for seed, size in sizes.items()
        ]
        for done in as_completed(blocks):
            block = done.result()
            count += block.schedules
            word = "FAILED" if block.failure else "ok"
            _say(f"seed {block.seed}: {block.schedules} schedules in {block.seconds:.0f} s, {word}")
            if block.failure:
                failed.append(block.seed)
                last = block.failure
                _say(last)
    _say(
        f"{count} schedules of up to {given.steps} steps, seeds {seeds[0]} to {seeds[-1]},"
        f" in {time.monotonic() - begun:.0f} s: {len(failed)} failed"
    )
    if failed:
        _say(
            f"the last failure, shrunk:\n{last}\nagain: python -m tests.soak --schedules {BLOCK}"
            f" --seed {failed[-1]} --steps {given.steps}"
        )
    return 1 if failed else 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
