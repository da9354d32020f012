with

observed_days as (
    select * from {{ ref('int_observed_days') }}
),

days as (
    select
        provider,
        account,
        max(date_day) as last_day
    from observed_days
    group by provider, account
)

select * from days
