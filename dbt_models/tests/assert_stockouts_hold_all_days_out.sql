-- Every day without stock lies in one spell, and a spell is as long as the days from its first to its last.
with

days_out as (
    select
        coalesce(
            sum(
                {{ days_between('periods.first_day', 'coalesce(periods.last_day, account_days.last_day)') }} + 1
            ), 0
        ) as days_out
    from {{ ref('fct_inventory_periods') }} as periods
    inner join {{ ref('int_account_days') }} as account_days
        on periods.provider = account_days.provider and periods.account = account_days.account
    where periods.is_stockout
),

spells as (
    select
        coalesce(sum(days_out), 0) as days_out,
        coalesce(sum({{ days_between('started_on', 'last_day_out') }} + 1), 0) as days_spanned
    from {{ ref('rpt_stockouts') }}
)

select
    days_out.days_out,
    spells.days_out as days_in_spells,
    spells.days_spanned
from days_out
cross join spells
where days_out.days_out <> spells.days_out or days_out.days_out <> spells.days_spanned
