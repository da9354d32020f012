"""Measures every row of the table: `make bench`, or `make bench-quick` with less data and bounds that fail
(`make bench-bounds`: of that, what has a bound).

CPU seconds count the process tree of a command; the servers are processes of their own. Seconds depend on the
machine, ratios hardly do: both sides of one are measured in turn. Only commands are called, so that a row
means the same whatever Stocktake does inside.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure import Spent, machine, median, spend

ROOT = Path(__file__).resolve().parent.parent
STOCKTAKE = str(Path(sys.executable).with_name("stocktake"))


@dataclass(frozen=True)
class Sizes:
    """How much is measured, and how often."""

    runs: int
    sellercloud: int
    square: int
    articles: int
    """Of the sandbox; 22,000 are 66,000 Sellercloud products, 80,000 of Square and 302,000 counts."""
    slow: int
    """Records behind a server that takes 200 ms an answer."""
    only_bounds: bool = False
    """Leave out what has no bound."""


FULL = Sizes(runs=3, sellercloud=100_000, square=500_000, articles=22_000, slow=20_000)
QUICK = Sizes(runs=1, sellercloud=10_000, square=50_000, articles=0, slow=2_000)
BOUNDS = replace(QUICK, only_bounds=True)


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    value: float
    unit: str
    more: str = ""
    reach: str = ""
    """What issue or note says can be reached, at full size."""
    bound: float | None = None
    """What `--quick` must not exceed: some two and a half times what a quiet machine measured."""


class Folder:
    """A project folder, and its server."""

    def __init__(self, path: Path, told: dict[str, Any]) -> None:
        self.path, self.url = path, told["url"]
        lines = []
        for provider, settings in told["accounts"].items():
            lines += [f"[accounts.{provider}]", f'provider = "{provider}"']
            lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        (path / ".dlt").mkdir()
        (path / ".dlt" / "config.toml").write_text("\n".join(lines), encoding="utf-8")

    def stocktake(self, *words: str) -> Spent:
        """A command in this folder."""
        return spend([STOCKTAKE, *words], self.path)

    def anew(self, *words: str) -> Spent:
        """A command in a folder that has loaded nothing."""
        shutil.rmtree(self.path / "warehouse", ignore_errors=True)
        return self.stocktake(*words)

    def move(self, count: int) -> None:
        """Changes so many records of every provider."""
        for what, body in (("advance", {"hours": 1}), ("change", {"count": count})):
            httpx.post(f"{self.url}/_sandbox/{what}", json=body, timeout=600).raise_for_status()


@contextmanager
def served(*words: object) -> Iterator[Folder]:
    """A server (see servers.py), and a folder whose accounts are there."""
    command = [sys.executable, "-m", "benchmarks.servers", *map(str, words)]
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as server,
    ):
        try:
            yield Folder(Path(name), json.loads(server.stdout.readline()))  # type: ignore[union-attr]
        finally:
            server.stdin.close()  # type: ignore[union-attr]


def starting(sizes: Sizes) -> Iterator[Row]:
    """What a command costs that has nothing to do."""
    with served("sandbox", 32) as folder:
        for words, bound in (("--help", 1.0), ("--version", 1.0), ("status", 1.3)):
            spent = median(sizes.runs, lambda words=words: folder.stocktake(words))  # type: ignore[misc]
            yield Row(f"`{words}`", spent.cpu, "s", reach="0.3", bound=bound)


def small_accounts(sizes: Sizes) -> Iterator[Row]:
    """Runs of five small accounts."""
    of = "five small accounts"
    with served("sandbox", 32) as folder:
        whole = yield from builds(folder, of, {"whole": 80, "nothing": 2.5})
        if not sizes.only_bounds:
            yield from changes(folder, of, 3, whole)
        spent = median(sizes.runs, lambda: folder.stocktake("run"))
        yield Row(f"run, {of}, nothing moved", spent.cpu, "s", reach="2.0", bound=15)

        def moved() -> Spent:
            folder.move(3)
            return folder.stocktake("run")

        spent = median(sizes.runs, moved)
        yield Row(f"run, {of}, three records of each moved", spent.cpu, "s", reach="6.0", bound=25)


def large_accounts(sizes: Sizes) -> Iterator[Row]:
    """Sellercloud and Square, as large as they get here."""
    of = "66k + 80k products, 302k counts"
    with served("sandbox", sizes.articles, "sellercloud", "square") as folder:
        whole = yield from builds(folder, of, {})
        yield from changes(folder, of, 3000, whole)
        spent = folder.stocktake("run")
        yield Row(f"run, {of}, nothing moved", spent.cpu, "s", f"{spent.peak} MB", "3.0")


WITH_START = "starting included"


def builds(folder: Folder, of: str, bounds: dict[str, float]) -> Generator[Row, None, Spent]:
    """The first load, build and publish; gives what the build cost."""
    spent = folder.stocktake("load")
    yield Row(f"first load, {of}", spent.cpu, "s", f"{spent.peak} MB")
    whole = folder.stocktake("build")
    yield Row(f"whole build, {of}", whole.cpu, "s", f"{whole.peak} MB", bound=bounds.get("whole"))
    yield Row(f"first publish, {of}", folder.stocktake("publish").cpu, "s", WITH_START)
    spent = folder.stocktake("publish")
    yield Row(f"publish, {of}, nothing changed", spent.cpu, "s", WITH_START, "0.5", bounds.get("nothing"))
    return whole


def changes(folder: Folder, of: str, count: int, whole: Spent) -> Iterator[Row]:
    """What a build and a publish cost after a change of so many records, beside a whole build."""
    for _ in range(2):  # Square's first inventory changes decide how every product's sales are known
        folder.move(count)
        folder.stocktake("load")
        part, published = folder.stocktake("build"), folder.stocktake("publish")
    share, about = 100 * part.cpu / whole.cpu, f"{part.cpu:.1f} of {whole.cpu:.1f} s"
    yield Row(f"build, {of}, after a change, against a whole one", share, "%", about, "25")
    yield Row(f"publish, {of}, after a change", published.cpu, "s", WITH_START)


def loads(provider: str, reach: str, bound: float, sizes: Sizes) -> Iterator[Row]:
    """First loads beside the same by hand, in turn, and later ones that find nothing new."""
    records = getattr(sizes, provider)
    with served("pages", provider, records) as folder:

        def by_hand() -> Spent:
            found = folder.path / "by_hand.duckdb"
            found.unlink(missing_ok=True)
            return spend([sys.executable, "-m", "benchmarks.by_hand", provider, folder.url, str(found)], ROOT)

        limit, first = median(sizes.runs, by_hand), median(sizes.runs, lambda: folder.anew("load"))
        about = f"{first.cpu:.1f} to {limit.cpu:.1f} s, {first.peak} MB to {limit.peak}"
        ratio = first.cpu / limit.cpu
        yield Row(f"first load, {records:,} {provider}, against by hand", ratio, "times", about, reach, bound)
        yield Row(f"peak memory of a first load, {records:,} {provider}", first.peak, "MB", reach="600")
        if sizes.only_bounds:
            return
        spent = median(sizes.runs, lambda: folder.stocktake("load"))
        yield Row(f"load, {records:,} {provider}, nothing moved", spent.cpu, "s", f"{spent.peak} MB")
        spent = median(sizes.runs, lambda: folder.stocktake("load", "--sweep"))
        known = {"square": "5"}.get(provider, "")
        yield Row(
            f"sweep, {records:,} {provider}, nothing changed", spent.cpu, "s", f"{spent.peak} MB", known
        )


def against_plain_dlt(provider: str, sizes: Sizes) -> Iterator[Row]:
    """First loads beside plain dlt's, in turn; of fewer records, because plain dlt takes long."""
    fewer = getattr(sizes, provider) // 10
    with served("pages", provider, fewer) as folder:
        ours = folder.anew("load").cpu
        for words, how in (([], "defaults"), (["parquet"], "Parquet")):
            command = [sys.executable, "-m", "benchmarks.plain_dlt", provider, folder.url]
            plain = spend([*command, str(folder.path / how), *words], ROOT)
            about = f"{plain.cpu:.1f} s, {plain.peak} MB; ours {ours:.1f} s, starting included"
            yield Row(
                f"plain dlt, {how}, {fewer:,} {provider}, against ours",
                plain.cpu / ours,
                "times",
                about,
            )


def waiting(sizes: Sizes) -> Iterator[Row]:
    """How long a first load takes of a server that lets wait."""
    pause = 0.2
    with served("pages", "sellercloud", sizes.slow, pause) as folder:
        wall, alone = folder.stocktake("load").wall, sizes.slow / 50 * pause
        what = f"time of a first load, {sizes.slow:,} sellercloud at 200 ms, against one after the other"
        yield Row(what, wall / alone, "times", f"{wall:.0f} to {alone:.0f} s", "0.17")


def measured(sizes: Sizes, is_quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is there."""
    parts: list[Callable[[Sizes], Iterator[Row]]] = [starting, small_accounts]
    if not is_quick:
        parts.append(large_accounts)
    for part in parts:
        yield from part(sizes)
    for provider, reach, bound in (("sellercloud", "1.5", 5), ("square", "2.5", 8)):
        yield from loads(provider, reach, bound, sizes)
        if not is_quick:
            yield from against_plain_dlt(provider, sizes)
    if not sizes.only_bounds:
        yield from waiting(sizes)


def line(row: Row) -> str:
    """A row as Markdown."""
    value = (
        f"{row.value:.0f}"
        if row.value >= 100 or row.unit == "MB"
        else f"{row.value:.2f}".rstrip("0").rstrip(".")
    )
    return f"| {row.what} | {value} {row.unit} | {row.reach} | {row.more} |\n"


def main() -> None:
    """Prints the table as it grows, and writes it down where all of it was measured."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="less data, and bounds that fail")
    options.add_argument("--bounds", action="store_true", help="the same of what has a bound alone")
    told = options.parse_args()
    is_quick = told.quick or told.bounds
    how = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}\n"
    head = f"\n{how}\n| What | Measured | Reach | |\n| --- | --- | --- | --- |\n"
    sys.stdout.write(head)
    lines, broken = [], []
    for row in measured(BOUNDS if told.bounds else QUICK if is_quick else FULL, is_quick):
        sys.stdout.write(line(row))
        sys.stdout.flush()
        lines.append(line(row))
        if is_quick and row.bound is not None and row.value > row.bound:
            broken.append(f"{row.what}: {row.value:.1f} {row.unit}, more than {row.bound:g}")
    if not is_quick:
        page = Path(__file__).with_name("README.md")
        text, _, _ = page.read_text(encoding="utf-8").partition("\n## Last table\n")
        page.write_text(f"{text}\n## Last table\n{head}{''.join(lines)}", encoding="utf-8")
    if broken:
        sys.exit("Too dear:\n" + "\n".join(broken))


if __name__ == "__main__":
    main()
