"""Freshness: how sure are we?"""

from dashboard.listings import Bars, Choice, Column, Listing, Option
from dashboard.pages.common import of, state

RESOURCES = Listing(
    name="resources",
    title="What was asked",
    table="rpt_freshness",
    select="""account, provider, resource, last_status, asked_through, lag_seconds, newest_counted_at,
    counted_age_seconds, last_run_at, last_success_at, last_sweep_at, is_configured, as_of""",
    source="rpt_freshness",
    columns=(
        Column("account", "Account", "system"),
        Column("resource", "Resource", "system"),
        Column("last_status", "Last read", "status"),
        Column("asked_through", "Complete through", "moment"),
        Column("lag_seconds", "Behind", "duration", is_wide=True),
        Column("newest_counted_at", "Newest count", "moment", is_wide=True),
        Column("last_sweep_at", "Read whole", "moment", is_wide=True),
    ),
    order="last_status = 'ok', lag_seconds desc nulls first",
    tie="account, resource",
    filters=of(""),
    choices=(
        Choice(
            "show",
            "Accounts",
            (Option("", "configured", "is_configured"), Option("all", "all that ever were")),
        ),
    ),
    empty="No account has been asked.",
)

RUNS = Listing(
    name="runs",
    title="Last runs",
    table="rpt_sync_proof",
    select="""run_id, account, provider, resource, mode, status, started_at, finished_at, rows_promised,
    rows_read, rows_unreadable, rows_missing, rows_new, rows_retired, rows_repaired, requests, retries,
    error_class, error_message""",
    source="rpt_sync_proof",
    columns=(
        Column("started_at", "Began", "moment"),
        Column("account", "Account", "system"),
        Column("resource", "Resource", "system", is_wide=True),
        Column("mode", "How", is_wide=True),
        Column("status", "Result", "status"),
        Column("rows_promised", "Promised", "number", is_wide=True),
        Column("rows_read", "Read", "number"),
        Column("rows_unreadable", "Unreadable", "number", is_wide=True),
        Column("rows_missing", "Missing", "number", is_wide=True),
        Column("rows_new", "New versions", "number", is_wide=True),
        Column("rows_retired", "Gone", "number", is_wide=True),
        Column("rows_repaired", "Repaired", "number"),
        Column("error_message", "In words", is_wide=True, is_sortable=False),
    ),
    order="started_at desc",
    tie="sync_key",
    filters=of(""),
    choices=(
        state(
            ("", "all"),
            ("bad", "failed or held back", "status <> 'ok'"),
            ("repaired", "that repaired something", "rows_repaired > 0"),
        ),
    ),
    bars=Bars("cast(started_at as date)", "sum(rows_repaired)", "Versions that sweeps repaired"),
    empty="No run has been noted.",
)

DRIFT = Listing(
    name="drift",
    title="Fields that changed",
    table="rpt_schema_drift",
    select="""provider, account, resource, field_path, drift, record_key, said, reason, declared_type,
    kinds_seen, version_count, current_count, uncast_count, feeds_measure, first_seen_at, last_seen_at""",
    source="rpt_schema_drift",
    columns=(
        Column("field_path", "Field"),
        Column("provider", "System", "system"),
        Column("resource", "Resource", "system", is_wide=True),
        Column("drift", "What", "system"),
        Column("declared_type", "Declared", is_wide=True),
        Column("kinds_seen", "Seen as", is_wide=True),
        Column("record_key", "Record", is_wide=True),
        Column("said", "Says", is_wide=True),
        Column("current_count", "In records now", "number"),
        Column("last_seen_at", "Last seen", "moment", is_wide=True),
    ),
    order="drift, provider, resource, field_path",
    tie="field_key, account, record_key, reason",
    filters={"provider": "provider = $provider"},
    always="drift <> 'never_seen'",
    empty="Every field came as it is declared.",
)
