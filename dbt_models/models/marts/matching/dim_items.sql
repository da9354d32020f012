{{ config(meta={'merged_by': ['item_key']}) }}

with

matched as (
    select * from {{ ref('int_products_matched') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

{% set preference %}
                case when products.shadow_of_product_key is null then 0 else 1 end,
                case when matched.has_stock then 0 else 1 end,
                products.provider,
                products.account,
                products.product_id
{% endset %}

-- What is there now makes the item; what is gone does so only where nothing else is left.
there_first as (
    select
        *,
        max(case when is_present then 1 else 0 end) over (partition by item_key) as has_present_products
    from matched
),

members as (
    select * from there_first
    where is_present or has_present_products = 0
),

-- A product with a name comes before one without, what has stock before what has none.
ranked as (
    select
        matched.item_key,
        matched.match_rule,
        matched.is_ambiguous,
        products.provider,
        products.account,
        products.gtin,
        products.sku,
        products.name,
        products.brand,
        row_number() over (
            partition by matched.item_key
            order by
                case when products.name is null then 1 else 0 end,
                {{ preference }}
        ) as name_rank,
        row_number() over (
            partition by matched.item_key
            order by
                case when products.gtin is null then 1 else 0 end,
                {{ preference }}
        ) as gtin_rank
    from members as matched
    inner join products on matched.product_key = products.product_key
),

items as (
    select
        item_key,
        match_rule,
        is_ambiguous,
        max(case when gtin_rank = 1 then gtin end) as gtin,
        max(case when name_rank = 1 then sku end) as sku,
        max(case when name_rank = 1 then name end) as name,
        max(case when name_rank = 1 then brand end) as brand,
        count(*) as product_count,
        count(distinct {{ hash_key(['provider', 'account']) }}) as account_count,
        count(distinct provider) as system_count
    from ranked
    group by item_key, match_rule, is_ambiguous
)

select * from items
