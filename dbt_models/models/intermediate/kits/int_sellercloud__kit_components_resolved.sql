with

products as (
    select * from {{ ref('int_sellercloud__products_latest') }}
),

ids as (
    select * from {{ ref('int_sellercloud__product_ids_folded') }}
),

elements as (
    select
        provider,
        account,
        product_id,
        {{ unnest_numbered('child_products') }} as item
    from products
),

components as (
    select
        provider,
        account,
        product_id as kit_product_id,
        {{ as_written('item.element.ChildProductId') }} as component_product_id,
        nullif(item.element.ProductName, '') as component_name,
        cast(item.element.PerKitQty as {{ type_quantity() }}) as quantity_per_kit,
        item.position as place
    from elements
),

resolved as (
    select
        components.provider,
        components.account,
        components.kit_product_id,
        coalesce(ids.product_id, components.component_product_id) as component_product_id,
        components.component_name,
        components.quantity_per_kit,
        row_number() over (
            partition by components.provider, components.account, components.kit_product_id
            order by components.place
        ) as position
    from components
    left join ids
        on
            components.account = ids.account
            and {{ folded('components.component_product_id') }} = ids.folded_id
    where components.component_product_id is not null
)

select * from resolved
