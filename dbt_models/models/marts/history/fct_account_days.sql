with

product_days as (
    select * from {{ ref('int_product_days') }}
),

observed_days as (
    select * from {{ ref('int_observed_days') }}
),

spans as (
    select
        provider,
        account,
        resource,
        min(first_day) as first_day,
        max(last_day) as last_day
    from product_days
    group by provider, account, resource
),

days as (
    select
        provider,
        account,
        resource,
        {{ unnest_days('first_day', 'last_day') }} as date_day
    from spans
),

days_told_apart as (
    select
        days.*,
        observed_days.date_day is not null as is_observed
    from days
    left join observed_days
        on
            days.provider = observed_days.provider
            and days.account = observed_days.account
            and days.resource = observed_days.resource
            and days.date_day = observed_days.date_day
),

numbered as (
    select
        provider,
        account,
        resource,
        date_day,
        is_observed,
        cast(
            sum(case when is_observed then 1 else 0 end) over (
                partition by provider, account, resource
                order by date_day
                rows between unbounded preceding and current row
            ) as integer
        ) as days_observed
    from days_told_apart
)

select * from numbered
