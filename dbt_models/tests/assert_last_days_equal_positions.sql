-- The daily history is made from versions, positions from what is current: on a product's last day both must say the
-- same, and a product that is listed on it must have a position, unless it vanished since. Of an account that is not
-- configured any more there is history alone.
with

account_days as (
    select * from {{ ref('int_account_days') }}
),

last_days as (
    select days.*
    from {{ ref('fct_inventory_periods') }} as days
    inner join account_days
        on
            days.provider = account_days.provider
            and days.account = account_days.account
            and (days.last_day is null or days.last_day >= account_days.last_day)
    inner join {{ ref('dim_products') }} as products
        on days.product_key = products.product_key and products.is_configured
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
),

vanished_since as (
    select
        history.provider,
        history.account,
        history.product_id
    from {{ ref('int_position_history') }} as history
    inner join account_days
        on history.provider = account_days.provider and history.account = account_days.account
    where {{ business_day('history.valid_to') }} > account_days.last_day
)

select coalesce(last_days.product_key, positions.product_key) as product_key
from last_days
full outer join positions on last_days.product_key = positions.product_key
left join vanished_since
    on
        last_days.provider = vanished_since.provider
        and last_days.account = vanished_since.account
        and last_days.product_id = vanished_since.product_id
where
    last_days.product_key is null
    or (last_days.is_listed <> (positions.product_key is not null) and vanished_since.product_id is null)
    or (
        positions.product_key is not null
        and (
            last_days.is_additive <> positions.is_additive
            or last_days.resource <> positions.resource
            or last_days.untracked_reason is distinct from positions.untracked_reason
            {% for measure in measures() %}
            or last_days.{{ measure }} is distinct from positions.{{ measure }}
            {% endfor %}
        )
    )
