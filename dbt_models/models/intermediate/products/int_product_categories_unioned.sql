with

objects as (
    select * from {{ ref('int_square__catalog_objects_latest') }}
),

variations as (
    select * from {{ ref('int_square__variations_merged') }}
),

products as (
    select * from {{ ref('int_products_unioned') }}
),

manufactured_items as (
    select * from {{ ref('int_augno__items_latest') }}
),

items as (
    select
        provider,
        account,
        object_id as item_id,
        is_current,
        categories,
        nullif(trim(category_id), '') as category_id,
        nullif(trim(reporting_category_id), '') as reporting_category_id
    from objects
    where object_type = 'ITEM'
),

elements as (
    select
        provider,
        account,
        item_id,
        {{ unnest_numbered('categories') }} as item
    from items
),

listed as (
    select
        provider,
        account,
        item_id,
        trim(item.element.id) as category_id,
        item.position as place
    from elements
    where trim(item.element.id) <> ''
),

items_with_list as (
    select distinct
        provider,
        account,
        item_id
    from listed
),

-- The order in the list counts: an `ordinal` is the item's place within the category, not the other way round. The
-- category for reports need not be in the list, and the field that came before the list may be all there is
-- (square.md §6.4).
every_mention as (
    select
        provider,
        account,
        item_id,
        category_id,
        1 as source_rank,
        place
    from listed

    union all

    select
        items.provider,
        items.account,
        items.item_id,
        items.category_id,
        2 as source_rank,
        1 as place
    from items
    left join items_with_list
        on
            items.provider = items_with_list.provider
            and items.account = items_with_list.account
            and items.item_id = items_with_list.item_id
    where
        items.category_id is not null
        and items_with_list.item_id is null

    union all

    select
        provider,
        account,
        item_id,
        reporting_category_id as category_id,
        3 as source_rank,
        1 as place
    from items
    where reporting_category_id is not null
),

mentions_ranked as (
    select
        *,
        row_number() over (
            partition by provider, account, item_id, category_id
            order by source_rank, place
        ) as preference
    from every_mention
),

item_categories as (
    select
        provider,
        account,
        item_id,
        category_id,
        row_number() over (partition by provider, account, item_id order by source_rank, place) as position
    from mentions_ranked
    where preference = 1
),

products_of_items as (
    select
        provider,
        account,
        variation_id as product_id,
        item_id,
        is_current
    from variations

    union all

    -- An item with stock of its own is a product, see int_products_unioned.
    select
        items.provider,
        items.account,
        products.product_id,
        items.item_id,
        items.is_current
    from items
    inner join products
        on
            items.provider = products.provider
            and items.account = products.account
            and items.item_id = products.product_id
),

unioned as (
    select
        products_of_items.provider,
        products_of_items.account,
        products_of_items.product_id,
        item_categories.category_id,
        case
            when items.reporting_category_id is null then item_categories.position = 1
            else item_categories.category_id = items.reporting_category_id
        end as is_primary,
        item_categories.position
    from products_of_items
    inner join items
        on
            products_of_items.provider = items.provider
            and products_of_items.account = items.account
            and products_of_items.item_id = items.item_id
            and (items.is_current or not products_of_items.is_current)
    inner join item_categories
        on
            items.provider = item_categories.provider
            and items.account = item_categories.account
            and items.item_id = item_categories.item_id

    union all

    select
        provider,
        account,
        product_id,
        category_id,
        true as is_primary,
        1 as position
    from manufactured_items
    where category_id is not null
)

select * from unioned
