"""Stocktake every hour, in Airflow 3. Copy into the folder of DAGs.

It runs the command: Stocktake has an environment of its own, or is beside Airflow (stocktake[airflow]).
"""

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PROJECT = os.environ.get("STOCKTAKE_PROJECT", "/srv/stocktake")  # holds .dlt/ and warehouse/
COMMAND = os.environ.get("STOCKTAKE_COMMAND", f"{PROJECT}/.venv/bin/stocktake")

with DAG(
    "stocktake",
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,  # a run reads everything since the last one, so none has to be made up for
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
):
    BashOperator(
        task_id="run",
        bash_command=f"{COMMAND} run -C {PROJECT} --log-format json",
        skip_on_exit_code=[4],  # somebody's own run holds the lock
        do_xcom_push=True,  # the last line: the result as one JSON object
    )
