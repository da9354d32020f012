with

objects as (
    select * from {{ ref('int_square__catalog_objects_latest') }}
),

elements as (
    select
        provider,
        account,
        object_id as item_id,
        is_current,
        {{ unnest_list('variations') }} as element
    from objects
    where object_type = 'ITEM'
),

nested as (
    select
        provider,
        account,
        element.id as variation_id,
        item_id,
        element.item_variation_data as variation,
        element.version as object_version,
        element.updated_at as updated_at,
        case when element.is_deleted then element.updated_at end as deleted_at,
        is_current,
        1 as source_rank
    from elements
    where element.id is not null
),

direct as (
    select
        provider,
        account,
        object_id as variation_id,
        variation.item_id as item_id,
        variation,
        object_version,
        updated_at,
        deleted_at,
        is_current,
        0 as source_rank
    from objects
    where object_type = 'ITEM_VARIATION'
),

both_kinds as (
    select * from direct
    union all
    select * from nested
),

-- What is gone tells nothing of what is there.
ranked as (
    select
        *,
        row_number() over (
            partition by provider, account, variation_id
            order by
                case when is_current then 0 else 1 end,
                object_version desc nulls last, source_rank asc, updated_at desc nulls last, item_id asc
        ) as preference
    from both_kinds
),

merged as (
    select
        provider,
        account,
        variation_id,
        item_id,
        variation.name as variation_name,
        variation.sku as sku,
        variation.upc as upc,
        variation.price_money.currency as currency_code,
        variation.measurement_unit_id as measurement_unit_id,
        case
            when variation.inventory_alert_type = 'LOW_QUANTITY' then variation.inventory_alert_threshold
        end as reorder_point,
        variation.location_overrides as location_overrides,
        updated_at,
        deleted_at,
        is_current
    from ranked
    where preference = 1
)

select * from merged
