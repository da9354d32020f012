with

versions as (
    select * from {{ ref('stg_sellercloud__inventory') }}
),

folded as (
    select
        'sellercloud' as provider,
        account,
        lower(trim(product_id)) as folded_id,
        min(product_id) as product_id
    from versions
    group by account, lower(trim(product_id))
    having count(distinct product_id) = 1
)

select * from folded
