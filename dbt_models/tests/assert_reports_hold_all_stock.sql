-- Joining names on and matching items neither loses nor doubles a row or a unit: a report adds up to what it reports.
with

custom_fields as (
    select custom_fields.*
    from {{ ref('bridge_product_custom_fields') }} as custom_fields
    inner join {{ ref('dim_products') }} as products
        on custom_fields.product_key = products.product_key and products.is_configured
),

additive as (
    select
        positions.*,
        {{ unit_counted('products.unit_of_measure') }} as unit_counted
    from {{ ref('fct_inventory_positions') }} as positions
    inner join {{ ref('dim_products') }} as products on positions.product_key = products.product_key
    where positions.is_additive
),

-- Where the number of one product cannot be read, or grams meet pieces, the item's is unknown.
additive_by_item as (
    select
        item_products.item_key,
        case
            when {{ is_one_unit() }} then {{ sum_known('quantity_available', 'additive.') }}
        end as quantity_available
    from additive
    inner join {{ ref('bridge_item_products') }} as item_products on additive.product_key = item_products.product_key
    group by item_products.item_key
),

totals as (
    select
        'rpt_stock_on_hand' as report,
        (select count(*) from {{ ref('fct_inventory_levels') }}) as fact_rows,
        (select count(*) from {{ ref('rpt_stock_on_hand') }}) as report_rows,
        (select sum(quantity_available) from {{ ref('fct_inventory_levels') }}) as fact_units,
        (select sum(quantity_available) from {{ ref('rpt_stock_on_hand') }}) as report_units

    union all

    select
        'rpt_stock_consolidated' as report,
        (select count(*) from {{ ref('fct_inventory_positions') }}) as fact_rows,
        (select coalesce(sum(product_count), 0) from {{ ref('rpt_stock_consolidated') }}) as report_rows,
        (select sum(quantity_available) from additive_by_item) as fact_units,
        (select sum(quantity_available) from {{ ref('rpt_stock_consolidated') }}) as report_units

    union all

    select
        'rpt_custom_fields' as report,
        (select count(*) from custom_fields) as fact_rows,
        (select count(*) from {{ ref('rpt_custom_fields') }}) as report_rows,
        (select sum(value_number) from custom_fields) as fact_units,
        (select sum(value_number) from {{ ref('rpt_custom_fields') }}) as report_units
)

select * from totals
where fact_rows <> report_rows or fact_units is distinct from report_units
