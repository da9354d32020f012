{{ config(meta={'merged_by': ['product_key']}) }}

with

levels as (
    select * from {{ ref('fct_inventory_levels') }}
    where is_additive
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where is_additive
),

products as (
    select
        *,
        {{ unit_counted('unit_of_measure') }} as unit_counted
    from {{ ref('dim_products') }}
),

locations as (
    select * from {{ ref('dim_locations') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

products_at_locations as (
    select distinct product_key
    from levels
),

-- Of what no location is known, the stock in all.
places as (
    select
        product_key,
        location_key,
        location_id,
        quantity_on_hand
    from levels

    union all

    select
        positions.product_key,
        cast(null as {{ type_string() }}) as location_key,
        cast(null as {{ type_string() }}) as location_id,
        positions.quantity_on_hand
    from positions
    left join products_at_locations on positions.product_key = products_at_locations.product_key
    where products_at_locations.product_key is null
),

-- Nothing that somebody keeps in stock costs nothing: a zero is a cost that nobody entered. Costs that differ are
-- nobody's.
item_costs as (
    select
        item_products.item_key,
        products.unit_counted,
        case when min(products.unit_cost) = max(products.unit_cost) then max(products.unit_cost) end as unit_cost,
        max(products.currency_code) as currency_code,
        min(products.account) as account,
        min(products.unit_cost) = max(products.unit_cost)
        and count(distinct products.currency_code) < 2 as is_agreed
    from products
    inner join item_products on products.product_key = item_products.product_key
    where products.unit_cost <> 0 and products.is_current and products.is_configured
    group by item_products.item_key, products.unit_counted
),

joined as (
    select
        places.product_key,
        places.location_key,
        item_products.item_key,
        products.provider,
        products.account,
        products.product_id,
        products.sku,
        products.name as product_name,
        places.location_id,
        locations.name as location_name,
        products.unit_of_measure,
        places.quantity_on_hand,
        case
            when products.unit_cost <> 0 then products.unit_cost
            when item_costs.is_agreed then item_costs.unit_cost
        end as unit_cost,
        case
            when products.unit_cost <> 0 then 'product'
            when item_costs.is_agreed then 'item'
            when item_costs.item_key is not null then 'several'
            else 'none'
        end as cost_source,
        case
            when products.unit_cost <> 0 then products.account
            when item_costs.is_agreed then item_costs.account
        end as cost_account,
        case
            when products.unit_cost <> 0 then products.currency_code
            when item_costs.is_agreed then item_costs.currency_code
        end as currency_code
    from places
    inner join products on places.product_key = products.product_key
    left join locations on places.location_key = locations.location_key
    left join item_products on places.product_key = item_products.product_key
    left join item_costs
        on item_products.item_key = item_costs.item_key and products.unit_counted = item_costs.unit_counted
),

valued as (
    select
        {{ hash_key(['product_key', 'location_key']) }} as location_value_key,
        *,
        {{ times('quantity_on_hand', 'unit_cost') }} as value_at_cost,
        unit_cost is null as is_cost_missing
    from joined
)

select * from valued
