with

sync_runs as (
    select * from {{ ref('fct_sync_runs') }}
),

proof as (
    select
        sync_key,
        run_id,
        provider,
        account,
        resource,
        mode,
        started_at,
        finished_at,
        asked_from,
        asked_through,
        rows_promised,
        rows_read,
        rows_distinct,
        rows_unreadable,
        rows_read - rows_distinct as rows_repeated,
        rows_promised - rows_distinct - coalesce(rows_unreadable, 0) as rows_missing,
        rows_new,
        rows_retired,
        rows_repaired,
        requests,
        retries,
        bytes_read,
        status,
        status = 'guarded' as is_guarded,
        status = 'failed' as is_failed,
        error_class,
        error_message
    from sync_runs
)

select * from proof
