{{ config(meta={'merged_by': ['account', 'product_id']}) }}

{%- set columns = {
    'provider': type_string(),
    'account': type_string(),
    'product_id': type_string(),
    'sku': type_string(),
    'name': type_string(),
    'brand': type_string(),
    'product_type': type_string(),
    'is_kit': 'boolean',
    'shadow_of_product_id': type_string(),
    'is_active': 'boolean',
    'is_current': 'boolean',
    'virtual_inventory': type_string(),
    'unit_of_measure': type_string(),
    'unit_cost': type_quantity(),
    'currency_code': type_string(),
    'reorder_point': type_quantity(),
    'vendor_name': type_string(),
    'vendor_sku': type_string(),
    'condition': type_string(),
    'country_of_origin': type_string(),
    'units_per_case': type_quantity(),
    'owner_id': type_string(),
    'owner_name': type_string(),
    'created_at': type_instant(),
    'updated_at': type_instant(),
    'deleted_at': type_instant(),
} -%}
{%- set every_product = [
    'provider', 'account', 'product_id', 'name', 'is_active', 'is_current', 'updated_at', 'deleted_at'
] -%}

with

objects as (
    select * from {{ ref('int_square__catalog_objects_latest') }}
),

variations as (
    select * from {{ ref('int_square__variations_merged') }}
),

snapshot_products as (
    select * from {{ ref('int_ventmere_s2__products_latest') }}
),

listed_products as (
    select * from {{ ref('int_sellercloud__products_latest') }}
),

merchant_products as (
    select * from {{ ref('int_shipstream__products_latest') }}
),

manufactured_items as (
    select * from {{ ref('int_augno__items_latest') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

barcodes as (
    select * from {{ ref('int_product_barcodes_unioned') }}
),

stock_versions as (
    select * from {{ ref('int_inventory_state_versions_unioned') }}
),

movements as (
    select * from {{ ref('int_square__stock_movements_latest') }}
),

total_versions as (
    select * from {{ ref('int_position_versions_measured') }}
),

warehouse_levels as (
    select * from {{ ref('int_warehouse_levels_measured') }}
),

every_mention as (
    select
        provider,
        account,
        product_id,
        cast(null as {{ type_string() }}) as sku,
        valid_to is null as is_current
    from stock_versions
    union all
    select
        provider,
        account,
        product_id,
        cast(null as {{ type_string() }}) as sku,
        true as is_current
    from movements
    union all
    select
        provider,
        account,
        product_id,
        sku,
        valid_to is null as is_current
    from total_versions
    union all
    select
        provider,
        account,
        product_id,
        sku,
        valid_to is null as is_current
    from warehouse_levels
),

seen_in_stock as (
    select
        provider,
        account,
        product_id,
        coalesce(
            max(case when is_current then {{ as_written('sku') }} end), max({{ as_written('sku') }})
        ) as sku,
        max(case when is_current then 1 else 0 end) = 1 as is_current
    from every_mention
    group by provider, account, product_id
),

-- What is gone by now, as far as we know, says nothing of what is there.
variation_products as (
    select
        variations.provider,
        variations.account,
        variations.variation_id as product_id,
        {{ as_written('variations.sku') }} as sku,
        case
            when items.item_name is null then variations.variation_name
            when variations.variation_name is null then items.item_name
            else items.item_name || ' (' || variations.variation_name || ')'
        end as name,
        items.product_type,
        coalesce(variations.deleted_at, items.deleted_at) is null
        and not coalesce(items.is_archived, false) as is_active,
        variations.is_current,
        units.unit_name as unit_of_measure,
        variations.currency_code,
        cast(variations.reorder_point as {{ type_quantity() }}) as reorder_point,
        variations.updated_at,
        -- A deleted item may come back without its variations (square.md §6.4), and they go with it.
        coalesce(variations.deleted_at, items.deleted_at) as deleted_at
    from variations
    left join objects as items
        on
            variations.account = items.account
            and variations.item_id = items.object_id
            and items.object_type = 'ITEM'
            and (items.is_current or not variations.is_current)
    left join objects as units
        on
            variations.account = units.account
            and variations.measurement_unit_id = units.object_id
            and units.object_type = 'MEASUREMENT_UNIT'
            and (units.is_current or not variations.is_current)
),

-- Counts set by Square for Restaurants are on the item itself (square.md §6.1).
item_products as (
    select
        items.provider,
        items.account,
        items.object_id as product_id,
        items.item_name as name,
        items.product_type,
        items.deleted_at is null and not coalesce(items.is_archived, false) as is_active,
        items.is_current,
        items.updated_at,
        items.deleted_at
    from objects as items
    inner join seen_in_stock
        on
            items.provider = seen_in_stock.provider
            and items.account = seen_in_stock.account
            and items.object_id = seen_in_stock.product_id
    where items.object_type = 'ITEM'
),

known as (
    select
        {{ padded(columns, every_product + ['sku', 'product_type', 'unit_of_measure', 'currency_code',
            'reorder_point']) }}
    from variation_products

    union all

    select
        {{ padded(columns, every_product + ['product_type']) }}
    from item_products

    union all

    select
        {{ padded(columns, every_product + ['sku', 'brand', 'condition', 'units_per_case', 'owner_id',
            'owner_name', 'created_at']) }}
    from snapshot_products

    union all

    select
        {{ padded(columns, every_product + ['sku', 'brand', 'product_type', 'is_kit', 'shadow_of_product_id',
            'unit_of_measure', 'unit_cost', 'currency_code', 'reorder_point', 'vendor_name', 'vendor_sku',
            'condition', 'units_per_case', 'owner_id', 'owner_name', 'created_at']) }}
    from listed_products

    union all

    select
        {{ padded(columns, every_product + [
            'sku', 'product_type', 'virtual_inventory', 'vendor_sku', 'country_of_origin', 'owner_id',
            'owner_name', 'created_at'
        ]) }}
    from merchant_products

    union all

    select
        {{ padded(columns, every_product + ['sku', 'product_type', 'unit_of_measure', 'unit_cost', 'currency_code',
            'created_at']) }}
    from manufactured_items
),

-- Stock of a product that no catalogue names is stock all the same (ventmere_s2.md §6.8).
orphans as (
    select
        seen_in_stock.provider,
        seen_in_stock.account,
        seen_in_stock.product_id,
        seen_in_stock.sku,
        seen_in_stock.is_current
    from seen_in_stock
    left join known
        on
            seen_in_stock.provider = known.provider
            and seen_in_stock.account = known.account
            and seen_in_stock.product_id = known.product_id
    where known.product_id is null
),

unioned as (
    select
        *,
        false as is_orphan
    from known

    union all

    select
        {{ padded(columns, ['provider', 'account', 'product_id', 'sku', 'is_current']) }},
        true as is_orphan
    from orphans
),

first_gtins as (
    select
        provider,
        account,
        product_id,
        gtin,
        row_number() over (partition by provider, account, product_id order by position) as preference
    from barcodes
    where gtin is not null
),

products as (
    select
        unioned.*,
        first_gtins.gtin,
        {{ is_configured('unioned.provider') }} as is_configured
    from unioned
    left join accounts on unioned.account = accounts.account
    left join first_gtins
        on
            unioned.provider = first_gtins.provider
            and unioned.account = first_gtins.account
            and unioned.product_id = first_gtins.product_id
            and first_gtins.preference = 1
)

select * from products
