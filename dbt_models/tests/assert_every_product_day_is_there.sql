-- From a product's first day to its account's last no day is missing, and none is in two periods: each begins on the
-- day after the one before, and the last one lasts. The days between are those of fct_account_days.
with

product_days as (
    select * from {{ ref('int_product_days') }}
),

periods as (
    select
        *,
        lag(last_day) over (partition by product_key order by first_day) as day_before,
        lead(first_day) over (partition by product_key order by first_day) as next_first_day
    from {{ ref('fct_inventory_periods') }}
),

account_days as (
    select
        provider,
        account,
        resource,
        min(date_day) as first_day,
        max(date_day) as last_day,
        count(*) as day_count
    from {{ ref('fct_account_days') }}
    group by provider, account, resource
)

select coalesce(product_days.product_id, periods.product_id) as product_id
from product_days
full outer join periods
    on
        product_days.provider = periods.provider
        and product_days.account = periods.account
        and product_days.product_id = periods.product_id
left join account_days
    on
        product_days.provider = account_days.provider
        and product_days.account = account_days.account
        and product_days.resource = account_days.resource
where
    product_days.resource is distinct from periods.resource
    or periods.first_day is distinct from coalesce({{ add_days('periods.day_before', 1) }}, product_days.first_day)
    or (periods.next_first_day is null and periods.last_day < product_days.last_day)
    or (periods.next_first_day is not null and periods.last_day is null)
    or account_days.last_day is distinct from product_days.last_day
    or account_days.first_day > product_days.first_day
    or {{ days_between('account_days.first_day', 'account_days.last_day') }} + 1 <> account_days.day_count
