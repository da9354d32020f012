with

trees as (
    select * from {{ ref('int_sellercloud__kit_trees_exploded') }}
),

products as (
    select * from {{ ref('dim_products') }}
    where deleted_at is null
),

keyed as (
    select
        {{ hash_key(['provider', 'account', 'kit_product_id', 'path']) }} as kit_tree_key,
        {{ product_key('kit_product_id') }} as kit_product_key,
        {{ product_key('component_product_id') }} as component_key,
        {{ product_key('stock_product_id') }} as stock_key,
        *
    from trees
),

joined as (
    select
        keyed.kit_tree_key,
        keyed.kit_product_key,
        keyed.provider,
        keyed.account,
        keyed.kit_product_id,
        keyed.path,
        keyed.depth,
        keyed.parent_product_id,
        keyed.component_product_id,
        components.product_key as component_product_key,
        holders.product_key as stock_product_key,
        keyed.quantity_per_parent,
        keyed.quantity_per_kit,
        keyed.is_leaf,
        keyed.is_cycle,
        keyed.is_cut_off
    from keyed
    left join products as components on keyed.component_key = components.product_key
    left join products as holders on keyed.stock_key = holders.product_key
)

select * from joined
