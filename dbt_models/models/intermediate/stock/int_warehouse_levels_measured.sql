{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

listed_versions as (
    select * from {{ ref('stg_sellercloud__warehouse_inventory') }}
),

warehouse_versions as (
    select * from {{ ref('stg_shipstream__warehouse_levels') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

drop_shippers as (
    select
        account,
        warehouse_id
    from {{ ref('stg_sellercloud__warehouses') }}
    where valid_to is null and lower(warehouse_type) = 'dropship'
),

-- What is put together when it is sold (shipstream.md §6.2).
virtual_products as (
    select
        account,
        product_type,
        product_id
    from {{ ref('stg_shipstream__products') }}
    where valid_to is null and lower(virtual_inventory) <> 'none'
),

listed_with_account as (
    select
        listed_versions.*,
        accounts.timezone,
        accounts.warehouse_available,
        case when drop_shippers.warehouse_id is not null then 'drop_ship' end as foreign_stock
    from listed_versions
    left join accounts on listed_versions.account = accounts.account
    left join drop_shippers
        on
            listed_versions.account = drop_shippers.account
            and listed_versions.warehouse_id = drop_shippers.warehouse_id
),

warehouse_versions_told_apart as (
    select
        warehouse_versions.*,
        case when virtual_products.product_id is not null then 'virtual_inventory' end as foreign_stock
    from warehouse_versions
    left join virtual_products
        on
            warehouse_versions.account = virtual_products.account
            and warehouse_versions.product_type = virtual_products.product_type
            and warehouse_versions.product_id = virtual_products.product_id
),

listed as (
    select
        'sellercloud' as provider,
        account,
        product_id,
        warehouse_id as location_id,
        product_id as sku,
        'warehouse_inventory' as resource,
        warehouse_physical_quantity as quantity_on_hand,
        case when warehouse_available = 'scoped' then available_quantity end as quantity_available,
        cast(null as {{ type_quantity() }}) as quantity_reserved,
        cast(null as {{ type_quantity() }}) as quantity_incoming,
        cast(null as {{ type_quantity() }}) as quantity_backordered,
        cast(null as {{ type_quantity() }}) as quantity_unsellable,
        cast(null as {{ type_quantity() }}) as quantity_advertised,
        case
            when
                not {{ is_uncast(
                    'uncast_values', fields_behind('sellercloud', 'warehouse_inventory', 'is_additive')
                ) }}
                then {{ has_own_stock() }}
        end as is_additive,
        {{ unknown_measures('sellercloud', 'warehouse_inventory') }} as unknown_measures,
        foreign_stock,
        {{ instant_in_zone('aggregated_local', 'timezone') }} as counted_at,
        asked_at,
        valid_from,
        valid_to
    from listed_with_account
),

warehouse_levels as (
    select
        'shipstream' as provider,
        account,
        {{ typed_product_id() }} as product_id,
        warehouse_id as location_id,
        sku,
        'warehouse_levels' as resource,
        qty_on_hand as quantity_on_hand,
        qty_available as quantity_available,
        qty_allocated + qty_reserved + qty_picked as quantity_reserved,
        qty_expected as quantity_incoming,
        cast(null as {{ type_quantity() }}) as quantity_backordered,
        qty_processed + qty_putaway as quantity_unsellable,
        qty_advertised as quantity_advertised,
        true as is_additive,
        {{ unknown_measures('shipstream', 'warehouse_levels') }} as unknown_measures,
        foreign_stock,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from warehouse_versions_told_apart
),

unioned as (
    select * from listed
    union all
    select * from warehouse_levels
),

told_apart as (
    select
        *,
        case when {{ nothing_is_there() }} then foreign_stock end as untracked_reason
    from unioned
),

-- Where it cannot be read whether the stock counts, no sum over it is known.
measured as (
    select
        provider,
        account,
        product_id,
        location_id,
        sku,
        resource,
        {% for measure in measures() %}
        cast(
            case when is_additive is not null and untracked_reason is null then {{ measure }} end
            as {{ type_quantity() }}
        ) as {{ measure }},
        {% endfor %}
        coalesce(is_additive, true) as is_additive,
        case when is_additive is null then '{{ measures() | join(', ') }}' else unknown_measures end
            as unknown_measures,
        untracked_reason,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from told_apart
)

select * from measured
