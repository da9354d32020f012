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
        {{ as_written('sku') }} as sku,
        description as name,
        item_type as product_type,
        valid_to is null as is_current,
        valid_to is null as is_active,
        coalesce(base_unit_abbreviation, base_unit_name) as unit_of_measure,
        -- Quantities are in the base unit; a cost of another unit is not the cost of one of them.
        case
            when coalesce(unit_cost_per_unit_id, base_unit_id, '') = coalesce(base_unit_id, unit_cost_per_unit_id, '')
                then cast(unit_cost as {{ type_quantity() }})
        end as unit_cost,
        -- The dollar's sign is its abbreviation there (augno.md §9).
        case
            when unit_cost_currency = '$' then 'USD'
            when {{ matches('unit_cost_currency', '[A-Za-z]{3}') }} then upper(unit_cost_currency)
        end as currency_code,
        category_id,
        category_name,
        created_at,
        updated_at,
        valid_to as deleted_at,
        valid_from
    from ranked
    where age_rank = 1
)

select * from latest
