with

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

sync_log as (
    select * from {{ ref('stg_stocktake__sync_log') }}
),

loads as (
    select
        account,
        min(finished_at) as first_loaded_at,
        max(finished_at) as last_loaded_at
    from sync_log
    where status in ('ok', 'guarded')
    group by account
),

joined as (
    select
        accounts.account,
        accounts.provider,
        accounts.timezone,
        accounts.available_basis,
        accounts.warehouse_available,
        accounts.is_configured,
        loads.first_loaded_at,
        loads.last_loaded_at
    from accounts
    left join loads on accounts.account = loads.account
)

select * from joined
