{{ config(materialized='view') }}

with

periods as (
    select * from {{ ref('fct_inventory_periods') }}
),

account_days as (
    select * from {{ ref('fct_account_days') }}
),

days as (
    select
        periods.product_key,
        periods.provider,
        periods.account,
        periods.product_id,
        periods.resource,
        account_days.date_day,
        {% for measure in measures() %}
        periods.{{ measure }},
        {% endfor %}
        periods.untracked_reason,
        periods.is_additive,
        periods.is_listed,
        periods.is_stockout,
        account_days.is_observed,
        periods.changed_at
    from periods
    inner join account_days
        on
            periods.provider = account_days.provider
            and periods.account = account_days.account
            and periods.resource = account_days.resource
            and periods.first_day <= account_days.date_day
            and (periods.last_day is null or periods.last_day >= account_days.date_day)
)

select * from days
