with

matched as (
    select * from {{ ref('int_products_matched') }}
),

elsewhere as (
    select * from {{ ref('int_stock_elsewhere_found') }}
),

bridged as (
    select
        matched.item_key,
        matched.product_key,
        matched.provider,
        matched.account,
        matched.product_id,
        matched.match_rule,
        matched.is_ambiguous,
        matched.is_present,
        elsewhere.available_elsewhere,
        elsewhere.elsewhere_account
    from matched
    left join elsewhere on matched.product_key = elsewhere.product_key
)

select * from bridged
