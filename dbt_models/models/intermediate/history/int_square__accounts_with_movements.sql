{{ config(meta={'merged_by': ['account']}) }}

with

movements as (
    select * from {{ ref('int_square__stock_movements_latest') }}
),

accounts as (
    select distinct
        provider,
        account
    from movements
)

select * from accounts
