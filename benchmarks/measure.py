"""Commands, and what they cost: CPU seconds of the whole process tree, its largest memory, and the time."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """What a command and its children took."""

    cpu: float
    """Seconds, in the system's calls too."""
    wall: float
    peak: int
    """Megabytes of the largest process."""


def spend(command: Sequence[str], folder: Path) -> Spent:
    """Runs a command that must succeed."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            words = said.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{words}")
    return Spent(used.ru_utime + used.ru_stime, wall, used.ru_maxrss // 1024)


def median(runs: int, once: Callable[[], Spent]) -> Spent:
    """The run in the middle, by CPU seconds."""
    return sorted((once() for _ in range(runs)), key=lambda spent: spent.cpu)[runs // 2]


def machine() -> str:
    """How the machine is at this moment."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} cores, {pages * size / 2**30:.0f} GB, load {load} before"
