"""What loading Square counts costs, against the floor: CPU seconds of both in one run, and their ratio.

Run `.venv/bin/python benchmarks/load_counts.py`. The sandbox (size L, above 100,000 counts) is a process of
its own and not counted. The floor is httpx, msgspec, pyarrow and DuckDB with nothing kept: no versions, no
mark, no retries, no ledger. Seconds depend on the machine; quote the ratios.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent

FLOOR = """
import sys, duckdb, httpx, msgspec, pyarrow as pa
base, token, path = sys.argv[1:]
class Page(msgspec.Struct):
    counts: list[dict] = []
    cursor: str | None = None
rows, cursor, decode = [], None, msgspec.json.Decoder(Page).decode
with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
    while True:
        body = {"limit": 1000, **({"cursor": cursor} if cursor else {})}
        page = decode(client.post(base + "/v2/inventory/counts/batch-retrieve", json=body).content)
        rows += page.counts
        cursor = page.cursor
        if not cursor:
            break
keys = ["catalog_object_id", "location_id", "state", "quantity", "calculated_at"]
found = pa.table({key: [row[key] for row in rows] for key in keys})
with duckdb.connect(path) as connection:
    connection.execute("create or replace table counts as select * from found")
"""
STOCKTAKE = "from pipelines.cli import main; main()"


def cpu_of(command: list[str], folder: Path) -> tuple[float, float, int]:
    """CPU seconds, wall seconds and peak memory in MB of a command and its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=os.environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, time.perf_counter() - started, after.ru_maxrss // 1024


def configure(folder: Path, base_url: str, token: str) -> None:
    """A project folder with one Square account."""
    (folder / ".dlt").mkdir()
    (folder / ".dlt" / "config.toml").write_text(
        f'[accounts.shop]\nprovider = "square"\nbase_url = "{base_url}"\naccess_token = "{token}"\n'
    )


def main() -> None:
    """Prints one line per measured run."""
    serve = (
        "import sys, json, threading\nfrom sandbox import Sandbox\n"
        "with Sandbox(size='L') as s:\n"
        "    print(json.dumps([s.url, s.base_url('square'), s.settings('square')['access_token'],"
        " len(s.world.data['square'].counts)]), flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", serve], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        url, base_url, token, counts = json.loads(server.stdout.readline())
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            configure(folder, base_url, token)
            floor = [sys.executable, "-c", FLOOR, base_url, token, str(folder / "floor.duckdb")]
            load = [sys.executable, "-c", STOCKTAKE, "load"]
            base, wall, memory = cpu_of(floor, folder)
            sys.stdout.write(f"floor, {counts} counts: {base:.2f} CPU s, {wall:.2f} s, {memory} MB\n")
            for title in ("first load (counts, catalogue, ledger, locations)", "nothing changed"):
                spent, wall, memory = cpu_of(load, folder)
                sys.stdout.write(
                    f"{title}: {spent:.2f} CPU s, {wall:.2f} s, {memory} MB, {spent / base:.1f}x\n"
                )
            httpx.post(f"{url}/_sandbox/advance", json={"hours": 1})
            httpx.post(f"{url}/_sandbox/change", json={"count": counts // 100}, timeout=60)
            spent, wall, memory = cpu_of(load, folder)
            sys.stdout.write(
                f"1 % changed: {spent:.2f} CPU s, {wall:.2f} s, {memory} MB, {spent / base:.1f}x\n"
            )
        server.stdin.close()


if __name__ == "__main__":
    main()
