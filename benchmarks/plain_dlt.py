"""The same first load by thirty lines of plain dlt.

`python -m benchmarks.plain_dlt PROVIDER URL FOLDER [parquet]`
"""

import sys
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

ENDPOINTS: dict[str, dict[str, Any]] = {
    "sellercloud": {
        "path": "rest/api/inventory",
        "params": {"model.pageSize": 50},
        "data_selector": "Items",
        "paginator": {
            "type": "page_number", "base_page": 1, "page_param": "model.pageNumber", "total_path": None,
            "stop_after_empty_page": True,
        },
    },
    "square": {
        "path": "v2/inventory/counts/batch-retrieve",
        "method": "POST",
        "json": {"limit": 1000},
        "data_selector": "counts",
        "paginator": {"type": "cursor", "cursor_path": "cursor", "cursor_body_path": "cursor"},
    },
}  # fmt: skip
KEYS = {"sellercloud": ["ID"], "square": ["catalog_object_id", "location_id", "state"]}


def load(provider: str, url: str, folder: str, file_format: str | None = None) -> None:
    """Reads everything and merges it by its key, as dlt does by itself."""
    resource = {
        "name": "rows",
        "primary_key": KEYS[provider],
        "write_disposition": "merge",
        "endpoint": ENDPOINTS[provider],
    }
    pipeline = dlt.pipeline(
        "plain",
        pipelines_dir=folder,
        destination=dlt.destinations.duckdb(str(Path(folder) / "by_dlt.duckdb")),
        dataset_name="plain",
    )
    source = rest_api_source({"client": {"base_url": url}, "resources": [resource]})  # type: ignore[typeddict-item,list-item]
    pipeline.run(source, loader_file_format=file_format)  # type: ignore[arg-type]


if __name__ == "__main__":
    load(*sys.argv[1:])
