with

positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where is_additive
),

products as (
    select * from {{ ref('dim_products') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

sales as (
    select * from {{ ref('fct_product_sales') }}
    where window_days = 365
),

joined as (
    select
        positions.product_key,
        item_products.item_key,
        positions.provider,
        positions.account,
        positions.product_id,
        products.sku,
        products.name as product_name,
        sales.sales_source,
        sales.covered_days,
        sales.quantity_sold,
        sales.quantity_returned,
        nullif(products.unit_cost, 0) as unit_cost,
        products.currency_code
    from positions
    inner join products on positions.product_key = products.product_key
    left join sales on positions.product_key = sales.product_key
    left join item_products on positions.product_key = item_products.product_key
),

valued as (
    select
        *,
        {{ times('quantity_sold', 'unit_cost') }} as yearly_value
    from joined
),

-- Only what sold, at a cost that is known, is ranked; money of different currencies is not compared.
ranked as (
    select
        product_key,
        cast(row_number() over value_order as bigint) as value_rank,
        sum(yearly_value) over value_order as value_so_far,
        sum(yearly_value) over (partition by provider, account, currency_code) as value_in_all
    from valued
    where yearly_value > 0
    window value_order as (
        partition by provider, account, currency_code
        order by yearly_value desc nulls last, product_id asc
        rows between unbounded preceding and current row
    )
),

classed as (
    select
        valued.product_key,
        valued.item_key,
        valued.provider,
        valued.account,
        valued.product_id,
        valued.sku,
        valued.product_name,
        valued.sales_source,
        valued.covered_days,
        valued.quantity_sold,
        valued.quantity_returned,
        valued.unit_cost,
        valued.currency_code,
        valued.yearly_value,
        ranked.value_rank,
        {{ ratio('ranked.value_so_far', 'ranked.value_in_all') }} as cumulative_share,
        -- The product that crosses the line still belongs above it: the first is always A.
        case
            when valued.quantity_sold <= 0 then 'none'
            when (ranked.value_so_far - valued.yearly_value) * 100 < ranked.value_in_all * 80 then 'A'
            when (ranked.value_so_far - valued.yearly_value) * 100 < ranked.value_in_all * 95 then 'B'
            when ranked.value_so_far is not null then 'C'
            else 'unknown'
        end as abc_class,
        valued.unit_cost is null as is_cost_missing
    from valued
    left join ranked on valued.product_key = ranked.product_key
)

select * from classed
