-- An item's categories hold for each of its variations, deleted ones included; those of an item that is gone do not for
-- a variation that is there.
with

objects as (
    select * from {{ ref('int_square__catalog_objects_latest') }}
),

variations as (
    select * from {{ ref('int_square__variations_merged') }}
),

product_categories as (
    select * from {{ ref('bridge_product_categories') }}
),

elements as (
    select
        account,
        object_id as item_id,
        is_current,
        {{ unnest_numbered('categories') }} as item
    from objects
    where object_type = 'ITEM'
),

named as (
    select
        account,
        item_id,
        is_current,
        trim(item.element.id) as category_id
    from elements

    union all

    select
        account,
        object_id as item_id,
        is_current,
        trim(reporting_category_id) as category_id
    from objects
    where object_type = 'ITEM'
),

lost as (
    select
        variations.account,
        variations.variation_id,
        named.category_id
    from named
    inner join variations
        on
            named.account = variations.account
            and named.item_id = variations.item_id
            and (named.is_current or not variations.is_current)
    left join product_categories
        on
            variations.provider = product_categories.provider
            and variations.account = product_categories.account
            and variations.variation_id = product_categories.product_id
            and named.category_id = product_categories.category_id
    where
        named.category_id <> ''
        and product_categories.product_id is null
)

select * from lost
