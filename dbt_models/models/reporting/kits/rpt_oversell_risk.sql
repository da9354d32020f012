with

products as (
    select * from {{ ref('dim_products') }}
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

trees as (
    select * from {{ ref('bridge_kit_trees') }}
),

-- Who shows less than nothing promises nothing. What cannot be read makes its sum unknown, never smaller.
shadows as (
    select
        products.shadow_of_product_key as product_key,
        case
            when max(case when {{ is_unknown('quantity_advertised', 'positions.') }} then 1 else 0 end) = 0
                then sum(case when positions.quantity_advertised > 0 then positions.quantity_advertised else 0 end)
        end as quantity_advertised,
        count(*) as shadow_count
    from products
    inner join positions on products.product_key = positions.product_key
    where products.shadow_of_product_key is not null and products.deleted_at is null
    group by products.shadow_of_product_key
),

-- A shadow of a kit advertises what the kit advertises, not more.
kits as (
    select
        positions.product_key,
        case
            when {{ is_unknown('quantity_advertised', 'positions.') }} then null
            when positions.quantity_advertised > 0 then positions.quantity_advertised
            else 0
        end as quantity_advertised
    from positions
    inner join products on positions.product_key = products.product_key
    where
        not positions.is_additive
        and products.shadow_of_product_key is null
        and products.deleted_at is null
),

needs as (
    select
        kit_product_key,
        stock_product_key as product_key,
        case when count(*) = count(quantity_per_kit) then sum(quantity_per_kit) end as quantity_needed
    from trees
    where is_leaf and stock_product_key is not null
    group by kit_product_key, stock_product_key
    having sum(quantity_per_kit) > 0 or count(*) > count(quantity_per_kit)
),

promised_in_kits as (
    select
        needs.product_key,
        case
            when count(*) = count({{ times('kits.quantity_advertised', 'needs.quantity_needed') }})
                then sum({{ times('kits.quantity_advertised', 'needs.quantity_needed') }})
        end as quantity_advertised,
        count(*) as kit_count
    from kits
    inner join needs on kits.product_key = needs.kit_product_key
    group by needs.product_key
),

promised as (
    select
        positions.product_key,
        item_products.item_key,
        item_products.available_elsewhere,
        item_products.elsewhere_account,
        positions.provider,
        positions.account,
        positions.product_id,
        products.sku,
        products.name as product_name,
        positions.quantity_available,
        positions.quantity_advertised,
        case
            when {{ is_unknown('quantity_advertised', 'positions.') }} then null
            else {{ promised_by_itself('positions') }}
        end as promised_by_itself,
        case when shadows.product_key is null then 0 else shadows.quantity_advertised end as advertised_by_shadows,
        case
            when promised_in_kits.product_key is null then 0 else promised_in_kits.quantity_advertised
        end as advertised_by_kits,
        positions.quantity_backordered,
        coalesce(shadows.shadow_count, 0) as shadow_count,
        coalesce(promised_in_kits.kit_count, 0) as kit_count
    from positions
    left join products on positions.product_key = products.product_key
    left join item_products on positions.product_key = item_products.product_key
    left join shadows on positions.product_key = shadows.product_key
    left join promised_in_kits on positions.product_key = promised_in_kits.product_key
    where positions.is_additive and positions.quantity_available is not null
),

summed as (
    select
        *,
        promised_by_itself + advertised_by_shadows + advertised_by_kits as quantity_promised
    from promised
),

at_risk as (
    select
        product_key,
        item_key,
        provider,
        account,
        product_id,
        sku,
        product_name,
        quantity_available,
        quantity_advertised,
        cast(advertised_by_shadows as {{ type_quantity() }}) as advertised_by_shadows,
        cast(advertised_by_kits as {{ type_quantity() }}) as advertised_by_kits,
        cast(quantity_promised as {{ type_quantity() }}) as quantity_promised,
        -- What is sold below none already is at risk too.
        cast(quantity_promised - quantity_available as {{ type_quantity() }}) as quantity_at_risk,
        quantity_backordered,
        quantity_available < 0 as is_oversold,
        shadow_count,
        kit_count,
        available_elsewhere,
        elsewhere_account
    from summed
    where quantity_promised > quantity_available or quantity_promised is null
)

select * from at_risk
