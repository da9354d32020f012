"""Stocktake every hour, in Dagster: `dagster dev -f dagster_definitions.py`, where stocktake[dagster] is."""

import os

import dagster as dg

from dagster_stocktake import definitions

PROJECT = os.environ.get("STOCKTAKE_PROJECT", "/srv/stocktake")  # holds .dlt/ and warehouse/

hourly = dg.ScheduleDefinition(name="hourly", target=dg.AssetSelection.all(), cron_schedule="17 * * * *")
defs = dg.Definitions.merge(definitions(PROJECT), dg.Definitions(schedules=[hourly]))
