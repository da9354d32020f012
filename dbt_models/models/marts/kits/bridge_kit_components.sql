with

components as (
    select * from {{ ref('int_sellercloud__kit_components_resolved') }}
),

products as (
    select * from {{ ref('dim_products') }}
    where deleted_at is null
),

keyed as (
    select
        {{ hash_key(['provider', 'account', 'kit_product_id']) }} as kit_product_key,
        {{ hash_key(['provider', 'account', 'component_product_id']) }} as component_key,
        *
    from components
),

joined as (
    select
        keyed.kit_product_key,
        products.product_key as component_product_key,
        keyed.provider,
        keyed.account,
        keyed.kit_product_id,
        keyed.component_product_id,
        coalesce(keyed.component_name, products.name) as component_name,
        keyed.quantity_per_kit,
        keyed.position
    from keyed
    left join products on keyed.component_key = products.product_key
)

select * from joined
