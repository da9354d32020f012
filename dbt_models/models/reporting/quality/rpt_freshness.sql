with

sync_runs as (
    select * from {{ ref('fct_sync_runs') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

levels as (
    select * from {{ ref('fct_inventory_levels') }}
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
),

-- The last moment anyone was asked about, and never the wall clock: the same rows give the same report.
report_moment as (
    select max(asked_through) as as_of
    from sync_runs
    where mode <> 'backfill'
),

runs_ranked as (
    select
        *,
        row_number() over (
            partition by provider, account, resource
            order by finished_at desc nulls last, started_at desc nulls last, sync_key asc
        ) as recency
    from sync_runs
),

resources as (
    select
        provider,
        account,
        resource,
        max(case when recency = 1 then status end) as last_status,
        max(finished_at) as last_run_at,
        max(case when status <> 'failed' then finished_at end) as last_success_at,
        max(case when status = 'ok' and mode = 'sweep' then finished_at end) as last_sweep_at,
        -- A backfill reads the past again and says nothing of the present.
        max(case when status <> 'failed' and mode <> 'backfill' then asked_through end) as asked_through
    from runs_ranked
    group by provider, account, resource
),

clocks as (
    select
        provider,
        account,
        resource,
        counted_at
    from levels
    union all
    select
        provider,
        account,
        resource,
        counted_at
    from positions
),

counts as (
    select
        provider,
        account,
        resource,
        max(counted_at) as newest_counted_at
    from clocks
    group by provider, account, resource
),

joined as (
    select
        resources.provider,
        resources.account,
        resources.resource,
        accounts.is_configured,
        resources.last_status,
        resources.last_run_at,
        resources.last_success_at,
        resources.last_sweep_at,
        resources.asked_through,
        counts.newest_counted_at,
        report_moment.as_of,
        cast({{ datediff('resources.asked_through', 'report_moment.as_of', 'second') }} as bigint) as lag_seconds,
        cast(
            {{ datediff('counts.newest_counted_at', 'report_moment.as_of', 'second') }} as bigint
        ) as counted_age_seconds
    from resources
    cross join report_moment
    left join accounts on resources.account = accounts.account
    left join counts
        on
            resources.provider = counts.provider
            and resources.account = counts.account
            and resources.resource = counts.resource
)

select * from joined
