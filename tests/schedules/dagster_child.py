"""A process of Dagster with the file of docs/schedules loaded, which materializes what it is asked for.

A line of input is a JSON list of keys, or null for everything; a line of output says what came of it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg

import dagster_stocktake

DOCS = Path(__file__).parents[2] / "docs" / "schedules"
sys.path.insert(0, str(DOCS))

import dagster_definitions  # noqa: E402


def graph() -> dict[str, list[str]]:
    """What each asset of the file depends on."""
    found = dagster_definitions.defs.resolve_asset_graph()
    return {
        key.to_user_string(): sorted(parent.to_user_string() for parent in found.get(key).parent_keys)
        for key in found.get_all_asset_keys()
    }


def kinds() -> list[str]:
    """What the models of the file are drawn with."""
    found = dagster_definitions.defs.resolve_asset_graph()
    models = [found.get(key) for key in found.get_all_asset_keys() if key.path[1] == "marts"]
    return sorted({kind for model in models for kind in model.kinds})


def outcome(result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance) -> dict[str, Any]:
    """What Dagster keeps of a run."""
    events = result.all_events
    failures = [event.event_specific_data for event in events if event.is_step_failure]
    return {
        "is_success": result.success,
        "tries": 1 + sum(event.event_type_value == "STEP_UP_FOR_RETRY" for event in events),
        "failure": " ".join(str(failure.user_failure_data.description) for failure in failures),
        "materialized": {
            event.asset_key.to_user_string(): {
                name: value.value for name, value in event.materialization.metadata.items()
            }
            for event in result.get_asset_materialization_events()
        },
        "checks": {
            f"{check.asset_key.to_user_string()}: {check.check_name}": [
                check.passed,
                check.description,
                check.severity.name,
            ]
            for check in result.get_asset_check_evaluations()
        },
        "log": [entry.user_message for entry in instance.all_logs(result.run_id) if entry.user_message],
    }


def main() -> None:
    """Answers line by line."""
    dg.Definitions.validate_loadable(dagster_definitions.defs)
    schedules = [one.name for one in dagster_definitions.defs.schedules or ()]
    say({"graph": graph(), "kinds": kinds(), "schedules": schedules})
    again = dg.RetryPolicy(max_retries=1, delay=0)
    assets = list(dagster_stocktake.definitions(dagster_definitions.PROJECT, retries=again).assets or ())
    for line in sys.stdin:
        chosen = json.loads(line)
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize(
                assets,
                selection=None if chosen is None else [dg.AssetKey(key.split("/")) for key in chosen],
                instance=instance,
                raise_on_error=False,
            )
            say(outcome(result, instance))


def say(facts: dict[str, Any]) -> None:
    """One line of output; Dagster's log goes to the other stream."""
    sys.__stdout__.write(f"{json.dumps(facts, default=str)}\n")
    sys.__stdout__.flush()


if __name__ == "__main__":
    main()
