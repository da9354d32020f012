{{ config(meta={'merged_by': ['account', 'folded_id']}) }}

with

versions as (
    select * from {{ ref('stg_sellercloud__inventory') }}
    where valid_to is null
),

folded as (
    select
        'sellercloud' as provider,
        account,
        {{ folded('product_id') }} as folded_id,
        min(product_id) as product_id
    from versions
    group by account, {{ folded('product_id') }}
    having count(distinct versions.product_id) = 1
)

select * from folded
