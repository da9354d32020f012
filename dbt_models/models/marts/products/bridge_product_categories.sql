with

product_categories as (
    select * from {{ ref('int_product_categories_unioned') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        {{ hash_key(['provider', 'account', 'category_id']) }} as category_key,
        *
    from product_categories
)

select * from keyed
