{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

-- What is not configured any more has a history and no present.
levels as (
    select levels.*
    from {{ ref('int_inventory_level_versions_unioned') }} as levels
    left join accounts on levels.account = accounts.account
    where levels.valid_to is null and {{ is_configured('levels.provider') }}
),

product_locations as (
    select * from {{ ref('int_square__product_locations_unnested') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        {{ location_key() }} as location_key,
        *
    from levels
),

joined as (
    select
        keyed.product_key,
        keyed.location_key,
        keyed.provider,
        keyed.account,
        keyed.product_id,
        keyed.location_id,
        keyed.resource,
        {% for measure in measures() %}
        keyed.{{ measure }},
        {% endfor %}
        keyed.unknown_measures,
        keyed.untracked_reason is null as is_tracked,
        keyed.untracked_reason,
        product_locations.is_sold_out,
        product_locations.sold_out_until,
        keyed.is_estimated,
        keyed.is_additive,
        keyed.counted_at,
        keyed.asked_at
    from keyed
    left join product_locations
        on
            keyed.provider = product_locations.provider
            and keyed.account = product_locations.account
            and keyed.product_id = product_locations.product_id
            and keyed.location_id = product_locations.location_id
)

select * from joined
