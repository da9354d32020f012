with

versions as (
    select * from {{ ref('stg_augno__items') }}
),

ranked as (
    select
        *,
        {{ latest_version_rank('item_id') }} as age_rank
    from versions
),

latest as (
    select
        'augno' as provider,
        account,
        item_id as product_id,
        nullif(trim(sku), '') as sku,
        description as name,
        item_type as product_type,
        valid_to is null as is_active,
        coalesce(base_unit_abbreviation, base_unit_name) as unit_of_measure,
        cast(unit_cost as {{ type_quantity() }}) as unit_cost,
        unit_cost_currency as currency_code,
        created_at,
        updated_at,
        valid_to as deleted_at
    from ranked
    where age_rank = 1
)

select * from latest
