with

objects as (
    select * from {{ ref('int_catalog_objects_latest') }}
),

variations as (
    select * from {{ ref('int_catalog_variations_merged') }}
),

product_versions as (
    select * from {{ ref('stg_ventmere_s2__products') }}
),

stock_versions as (
    select * from {{ ref('int_inventory_state_versions_unioned') }}
),

movements as (
    select * from {{ ref('int_stock_movements_unioned') }}
),

seen_in_stock as (
    select
        provider,
        account,
        product_id
    from stock_versions
    union distinct
    select
        provider,
        account,
        product_id
    from movements
),

variation_products as (
    select
        variations.provider,
        variations.account,
        variations.variation_id as product_id,
        nullif(trim(variations.sku), '') as sku,
        case
            when items.item_name is null then variations.variation_name
            when variations.variation_name is null then items.item_name
            else items.item_name || ' (' || variations.variation_name || ')'
        end as name,
        cast(null as {{ type_string() }}) as brand,
        {{ gtin('variations.upc') }} as gtin,
        items.product_type,
        coalesce(variations.deleted_at, items.deleted_at) is null
        and not coalesce(items.is_archived, false) as is_active,
        units.unit_name as unit_of_measure,
        variations.currency_code,
        cast(variations.reorder_point as {{ type_quantity() }}) as reorder_point,
        cast(null as {{ type_instant() }}) as created_at,
        variations.updated_at,
        -- A deleted item may come back without its variations (square.md §6.4), and they go with it.
        coalesce(variations.deleted_at, items.deleted_at) as deleted_at,
        false as is_orphan
    from variations
    left join objects as items
        on
            variations.account = items.account
            and variations.item_id = items.object_id
            and items.object_type = 'ITEM'
    left join objects as units
        on
            variations.account = units.account
            and variations.measurement_unit_id = units.object_id
            and units.object_type = 'MEASUREMENT_UNIT'
),

-- Counts set by Square for Restaurants are on the item itself (square.md §6.1).
item_products as (
    select
        items.provider,
        items.account,
        items.object_id as product_id,
        cast(null as {{ type_string() }}) as sku,
        items.item_name as name,
        cast(null as {{ type_string() }}) as brand,
        cast(null as {{ type_string() }}) as gtin,
        items.product_type,
        items.deleted_at is null and not coalesce(items.is_archived, false) as is_active,
        cast(null as {{ type_string() }}) as unit_of_measure,
        cast(null as {{ type_string() }}) as currency_code,
        cast(null as {{ type_quantity() }}) as reorder_point,
        cast(null as {{ type_instant() }}) as created_at,
        items.updated_at,
        items.deleted_at,
        false as is_orphan
    from objects as items
    inner join seen_in_stock
        on
            items.provider = seen_in_stock.provider
            and items.account = seen_in_stock.account
            and items.object_id = seen_in_stock.product_id
    where items.object_type = 'ITEM'
),

product_versions_ranked as (
    select
        *,
        {{ latest_version_rank('product_id') }} as age_rank
    from product_versions
),

snapshot_products as (
    select
        'ventmere_s2' as provider,
        account,
        product_id,
        nullif(trim(sku), '') as sku,
        name,
        brand_name as brand,
        {{ gtin('gtin') }} as gtin,
        cast(null as {{ type_string() }}) as product_type,
        valid_to is null as is_active,
        cast(null as {{ type_string() }}) as unit_of_measure,
        cast(null as {{ type_string() }}) as currency_code,
        cast(null as {{ type_quantity() }}) as reorder_point,
        created_at,
        updated_at,
        valid_to as deleted_at,
        false as is_orphan
    from product_versions_ranked
    where age_rank = 1
),

known as (
    select * from variation_products
    union all
    select * from item_products
    union all
    select * from snapshot_products
),

-- Stock of a product that no catalogue names is stock all the same (ventmere_s2.md §6.8).
orphans as (
    select
        seen_in_stock.provider,
        seen_in_stock.account,
        seen_in_stock.product_id,
        cast(null as {{ type_string() }}) as sku,
        cast(null as {{ type_string() }}) as name,
        cast(null as {{ type_string() }}) as brand,
        cast(null as {{ type_string() }}) as gtin,
        cast(null as {{ type_string() }}) as product_type,
        cast(null as boolean) as is_active,
        cast(null as {{ type_string() }}) as unit_of_measure,
        cast(null as {{ type_string() }}) as currency_code,
        cast(null as {{ type_quantity() }}) as reorder_point,
        cast(null as {{ type_instant() }}) as created_at,
        cast(null as {{ type_instant() }}) as updated_at,
        cast(null as {{ type_instant() }}) as deleted_at,
        true as is_orphan
    from seen_in_stock
    left join known
        on
            seen_in_stock.provider = known.provider
            and seen_in_stock.account = known.account
            and seen_in_stock.product_id = known.product_id
    where known.product_id is null
),

unioned as (
    select * from known
    union all
    select * from orphans
)

select * from unioned
