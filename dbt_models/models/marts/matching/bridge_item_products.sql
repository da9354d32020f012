with

matched as (
    select * from {{ ref('int_products_matched') }}
),

bridged as (
    select
        item_key,
        product_key,
        provider,
        account,
        product_id,
        match_rule,
        is_ambiguous,
        is_present
    from matched
)

select * from bridged
