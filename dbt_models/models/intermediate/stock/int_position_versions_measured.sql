{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

listed_versions as (
    select * from {{ ref('stg_sellercloud__inventory') }}
),

total_versions as (
    select * from {{ ref('stg_shipstream__total_levels') }}
),

item_versions as (
    select * from {{ ref('stg_augno__item_inventory') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
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

totals_told_apart as (
    select
        total_versions.*,
        virtual_products.product_id is not null as is_virtual
    from total_versions
    left join virtual_products
        on
            total_versions.account = virtual_products.account
            and total_versions.product_type = virtual_products.product_type
            and total_versions.product_id = virtual_products.product_id
),

listed_with_zone as (
    select
        listed_versions.*,
        accounts.timezone
    from listed_versions
    left join accounts on listed_versions.account = accounts.account
),

listed as (
    select
        'sellercloud' as provider,
        account,
        product_id,
        product_id as sku,
        'inventory' as resource,
        physical_quantity as quantity_on_hand,
        available_quantity as quantity_available,
        reserved_quantity as quantity_reserved,
        on_order_quantity as quantity_incoming,
        backordered_quantity as quantity_backordered,
        aggregate_non_sellable_quantity as quantity_unsellable,
        aggregate_quantity as quantity_advertised,
        case
            when not {{ is_uncast('uncast_values', fields_behind('sellercloud', 'inventory', 'is_additive')) }}
                then {{ has_own_stock() }}
        end as is_additive,
        {{ unknown_measures('sellercloud', 'inventory') }} as unknown_measures,
        false as is_virtual,
        {{ instant_in_zone('aggregated_local', 'timezone') }} as counted_at,
        asked_at,
        valid_from,
        valid_to
    from listed_with_zone
),

totals as (
    select
        'shipstream' as provider,
        account,
        {{ typed_product_id() }} as product_id,
        sku,
        'total_levels' as resource,
        qty_on_hand as quantity_on_hand,
        qty_available as quantity_available,
        qty_allocated + qty_reserved + qty_picked as quantity_reserved,
        qty_expected as quantity_incoming,
        qty_backordered as quantity_backordered,
        qty_processed + qty_putaway as quantity_unsellable,
        qty_advertised as quantity_advertised,
        true as is_additive,
        {{ unknown_measures('shipstream', 'total_levels') }} as unknown_measures,
        is_virtual,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from totals_told_apart
),

items as (
    select
        'augno' as provider,
        account,
        item_id as product_id,
        cast(null as {{ type_string() }}) as sku,
        'item_inventory' as resource,
        on_hand as quantity_on_hand,
        available_to_promise as quantity_available,
        reserved as quantity_reserved,
        cast(null as {{ type_quantity() }}) as quantity_incoming,
        short as quantity_backordered,
        cast(null as {{ type_quantity() }}) as quantity_unsellable,
        available_to_promise as quantity_advertised,
        true as is_additive,
        {{ unknown_measures('augno', 'item_inventory') }} as unknown_measures,
        false as is_virtual,
        cast(null as {{ type_instant() }}) as counted_at,
        asked_at,
        valid_from,
        valid_to
    from item_versions
),

unioned as (
    select * from listed
    union all
    select * from totals
    union all
    select * from items
),

told_apart as (
    select
        *,
        case when is_virtual and {{ nothing_is_there() }} then 'virtual_inventory' end as untracked_reason
    from unioned
),

-- Where it cannot be read whether the stock counts, no sum over it is known.
measured as (
    select
        provider,
        account,
        product_id,
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
