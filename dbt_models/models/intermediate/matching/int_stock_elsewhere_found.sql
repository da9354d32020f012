with

matched as (
    select * from {{ ref('int_products_matched') }}
),

products as (
    select * from {{ ref('int_products_unioned') }}
),

positions as (
    select * from {{ ref('int_inventory_positions_unioned') }}
    where is_additive
),

members as (
    select
        matched.item_key,
        matched.product_key,
        matched.provider,
        matched.account,
        matched.product_id,
        {{ unit_counted('products.unit_of_measure') }} as unit_counted
    from matched
    inner join products
        on
            matched.provider = products.provider
            and matched.account = products.account
            and matched.product_id = products.product_id
),

held as (
    select
        members.item_key,
        members.unit_counted,
        members.account,
        {{ sum_known('quantity_available', 'positions.') }} as quantity_available
    from members
    inner join positions
        on
            members.provider = positions.provider
            and members.account = positions.account
            and members.product_id = positions.product_id
    group by members.item_key, members.unit_counted, members.account
),

ranked as (
    select
        *,
        row_number() over (
            partition by item_key, unit_counted
            order by quantity_available desc nulls last, account asc
        ) as place
    from held
    where quantity_available > 0
),

-- Of whoever has most itself, the second is elsewhere.
most as (
    select
        item_key,
        unit_counted,
        max(case when place = 1 then account end) as first_account,
        max(case when place = 1 then quantity_available end) as first_available,
        max(case when place = 2 then account end) as second_account,
        max(case when place = 2 then quantity_available end) as second_available
    from ranked
    where place <= 2
    group by item_key, unit_counted
),

joined as (
    select
        members.product_key,
        case
            when most.first_account = members.account then most.second_account
            else most.first_account
        end as elsewhere_account,
        cast(
            case
                when most.first_account = members.account then most.second_available
                else most.first_available
            end as {{ type_quantity() }}
        ) as available_elsewhere
    from members
    left join most on members.item_key = most.item_key and members.unit_counted = most.unit_counted
)

select * from joined
