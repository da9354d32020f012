with

categories as (
    select * from {{ ref('int_categories_resolved') }}
),

keyed as (
    select
        {{ hash_key(['provider', 'account', 'category_id']) }} as category_key,
        provider,
        account,
        category_id,
        name,
        case
            when parent_category_id is not null then {{ hash_key(['provider', 'account', 'parent_category_id']) }}
        end as parent_category_key,
        depth,
        path,
        is_cycle,
        is_orphan,
        deleted_at
    from categories
)

select * from keyed
