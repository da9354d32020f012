-- Which columns it has is the user's own choice, so no contract can name them.
{{ config(contract={'enforced': false}, meta={'merged_by': ['product_key']}) }}

with

products as (
    select * from {{ ref('dim_products') }}
    where is_configured
),

custom_fields as (
    select * from {{ ref('bridge_product_custom_fields') }}
),

folded as (
    select
        product_key,
        {{ folded('field_code') }} as field_code,
        field_code as said_code,
        position,
        value_text,
        value_number,
        value_boolean,
        value_at
    from custom_fields
),

-- The first value of a kind has rank 1 in it.
ranked as (
    select
        *,
        row_number() over (
            partition by product_key, field_code
            order by case when value_number is null then 1 else 0 end, position, said_code
        ) as number_rank,
        row_number() over (
            partition by product_key, field_code
            order by case when value_boolean is null then 1 else 0 end, position, said_code
        ) as boolean_rank,
        row_number() over (
            partition by product_key, field_code
            order by case when value_at is null then 1 else 0 end, position, said_code
        ) as instant_rank
    from folded
),

wide as (
    select
        products.product_key,
        products.provider,
        products.account,
        products.product_id,
        products.sku,
        products.name as product_name{{ custom_field_columns() }}
    from products
    left join ranked on products.product_key = ranked.product_key
    group by
        products.product_key,
        products.provider,
        products.account,
        products.product_id,
        products.sku,
        products.name
)

select * from wide
