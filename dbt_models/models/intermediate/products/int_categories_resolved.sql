{%- set category_depth = var('category_depth') | int -%}

with

objects as (
    select * from {{ ref('int_square__catalog_objects_latest') }}
),

manufactured_items as (
    select * from {{ ref('int_augno__items_latest') }}
),

product_categories as (
    select * from {{ ref('int_product_categories_unioned') }}
),

-- A category that comes inside its items may have an old name in those that were read long ago.
item_categories_ranked as (
    select
        *,
        row_number() over (
            partition by provider, account, category_id
            order by
                case when is_current then 0 else 1 end asc,
                case when category_name is null then 1 else 0 end asc,
                valid_from desc nulls last, product_id asc
        ) as preference
    from manufactured_items
    where category_id is not null
),

known as (
    select
        provider,
        account,
        object_id as category_id,
        nullif(trim(category_name), '') as name,
        nullif(trim(parent_category_id), '') as parent_category_id,
        false as is_orphan,
        is_current,
        deleted_at
    from objects
    where object_type = 'CATEGORY'

    union all

    select
        provider,
        account,
        category_id,
        category_name as name,
        cast(null as {{ type_string() }}) as parent_category_id,
        category_name is null as is_orphan,
        is_current,
        cast(null as {{ type_instant() }}) as deleted_at
    from item_categories_ranked
    where preference = 1
),

categories as (
    select * from known

    union all

    select distinct
        product_categories.provider,
        product_categories.account,
        product_categories.category_id,
        cast(null as {{ type_string() }}) as name,
        cast(null as {{ type_string() }}) as parent_category_id,
        true as is_orphan,
        true as is_current,
        cast(null as {{ type_instant() }}) as deleted_at
    from product_categories
    left join known
        on
            product_categories.provider = known.provider
            and product_categories.account = known.account
            and product_categories.category_id = known.category_id
    where known.category_id is null
),

-- What the name of a parent nobody knows would be, nobody knows either: such a category stands at the top. So does one
-- whose parent is gone.
linked as (
    select
        categories.provider,
        categories.account,
        categories.category_id,
        categories.name,
        parents.category_id as parent_category_id,
        {{ hash_key(['categories.category_id']) }} as mark,
        case when parents.category_id is not null then {{ hash_key(['parents.category_id']) }} end as parent_mark,
        categories.is_orphan,
        categories.deleted_at
    from categories
    left join categories as parents
        on
            categories.provider = parents.provider
            and categories.account = parents.account
            and categories.parent_category_id = parents.category_id
            and (parents.is_current or not categories.is_current)
),

-- Every category climbs to its parent, step by step. The marks of all it met are in its trail: who meets one of them
-- again goes round in a circle.
climbed_1 as (
    select
        provider,
        account,
        category_id,
        coalesce(name, category_id) as path,
        mark as trail,
        parent_category_id as next_category_id,
        parent_mark as next_mark,
        coalesce(parent_mark = mark, false) as is_cycle
    from linked
),

{% for step in range(2, category_depth + 1) -%}
climbed_{{ step }} as (
    select
        climbed.provider,
        climbed.account,
        climbed.category_id,
        coalesce(linked.name, linked.category_id) || ' > ' || climbed.path as path,
        climbed.trail || '/' || linked.mark as trail,
        linked.parent_category_id as next_category_id,
        linked.parent_mark as next_mark,
        coalesce(climbed.trail || '/' || linked.mark like '%' || linked.parent_mark || '%', false) as is_cycle
    from climbed_{{ step - 1 }} as climbed
    inner join linked
        on
            climbed.provider = linked.provider
            and climbed.account = linked.account
            and climbed.next_category_id = linked.category_id
    where not climbed.is_cycle
),

{% endfor -%}
arrived as (
    select
        provider,
        account,
        category_id,
        path,
        1 as depth,
        is_cycle
    from climbed_1
    where next_category_id is null or is_cycle
    {%- for step in range(2, category_depth + 1) %}

    union all

    select
        provider,
        account,
        category_id,
        path,
        {{ step }} as depth,
        is_cycle
    from climbed_{{ step }}
    where next_category_id is null or is_cycle
    {%- endfor %}
),

resolved as (
    select
        linked.provider,
        linked.account,
        linked.category_id,
        linked.name,
        linked.parent_category_id,
        case when not arrived.is_cycle then arrived.depth end as depth,
        case when not arrived.is_cycle then arrived.path end as path,
        coalesce(arrived.is_cycle, false) as is_cycle,
        linked.is_orphan,
        linked.deleted_at
    from linked
    left join arrived
        on
            linked.provider = arrived.provider
            and linked.account = arrived.account
            and linked.category_id = arrived.category_id
)

select * from resolved
