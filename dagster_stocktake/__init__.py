"""Stocktake in Dagster's process: every account's resources, every model and the release as assets.

A user's code location calls `definitions`. The command never imports this room.
"""

from pathlib import Path

import dagster as dg

from dagster_stocktake.graph import graph_of
from dagster_stocktake.work import work
from pipelines.config import load_config

RETRIES = dg.RetryPolicy(max_retries=2, delay=600)
"""For what may pass by itself: a provider that does not answer, a guard that held."""


def definitions(
    project: str | Path, *, prefix: str = "stocktake", retries: dg.RetryPolicy | None = RETRIES
) -> dg.Definitions:
    """A project's assets and asset checks, and the one step that materializes them.

    What is selected decides what the step does, as the command would under the same lock: accounts of which a
    resource is selected are loaded, the models are built if one is, and published if the release is.

    Args:
        project: the folder that holds `.dlt/`.
        prefix: begins every asset's key, and names the step: another one for each project.
        retries: how often a step that failed is tried again, where that may help.

    Raises:
        CommandError: the configuration or the models cannot be read; one clear sentence.
    """
    folder = Path(project).expanduser().resolve()
    graph = graph_of(load_config(folder), prefix)

    @dg.multi_asset(name=prefix, specs=graph.assets, check_specs=graph.checks, can_subset=True)
    def stock(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]  # Dagster reads annotations
        yield from work(context, graph, folder, retries)

    return dg.Definitions(assets=[stock, *graph.externals])
