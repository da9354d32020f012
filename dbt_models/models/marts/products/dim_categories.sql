with

categories as (
    select * from {{ ref('int_categories_resolved') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

told_apart as (
    select
        categories.*,
        {{ is_configured('categories.provider') }} as is_configured
    from categories
    left join accounts on categories.account = accounts.account
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
        is_configured,
        deleted_at
    from told_apart
)

select * from keyed
