{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

-- What is not configured any more has a history and no present.
states as (
    select states.*
    from {{ ref('int_inventory_state_versions_unioned') }} as states
    left join accounts on states.account = accounts.account
    where states.valid_to is null and {{ is_configured('states.provider') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        {{ location_key() }} as location_key,
        provider,
        account,
        product_id,
        location_id,
        state,
        quantity,
        is_estimated,
        counted_at,
        asked_at
    from states
)

select * from keyed
