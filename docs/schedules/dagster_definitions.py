"""Stocktake every hour, in Dagster: `dagster dev -f dagster_definitions.py`.

It runs the command: Stocktake has an environment of its own, or is beside Dagster (stocktake[dagster]).
"""

import json
import os
import subprocess

import dagster as dg

PROJECT = os.environ.get("STOCKTAKE_PROJECT", "/srv/stocktake")  # holds .dlt/ and warehouse/
COMMAND = os.environ.get("STOCKTAKE_COMMAND", f"{PROJECT}/.venv/bin/stocktake")
MEANINGS = {1: "failed", 2: "wrong configuration", 3: "partly failed", 5: "the models' tests failed"}
PASSES = (1, 3)  # what another try may mend
LOCKED = 4


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=2, delay=600))
def stock(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """All published tables: loaded, built, tested and published."""
    words = [COMMAND, "run", "-C", PROJECT, "--log-format", "json"]  # what it says meanwhile goes to the log
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == LOCKED:
        context.log.info("Another run holds the lock.")
        return dg.MaterializeResult()
    if done.returncode:
        raise dg.Failure(
            f"stocktake run: {MEANINGS.get(done.returncode, f'exit code {done.returncode}')}",
            allow_retries=done.returncode in PASSES,
        )
    result = json.loads(done.stdout)
    rows = sum(resource["rows_new"] for resource in result["resources"])
    return dg.MaterializeResult(metadata={"release": result["release"] or "", "new_rows": rows})


defs = dg.Definitions(
    assets=[stock],
    schedules=[dg.ScheduleDefinition(name="hourly", target=[stock], cron_schedule="17 * * * *")],
)
