with

variations as (
    select * from {{ ref('int_square__variations_merged') }}
),

elements as (
    select
        provider,
        account,
        variation_id as product_id,
        {{ unnest_numbered('location_overrides') }} as item
    from variations
),

ranked as (
    select
        provider,
        account,
        product_id,
        trim(item.element.location_id) as location_id,
        item.element as said,
        row_number() over (
            partition by provider, account, product_id, trim(item.element.location_id)
            order by item.position
        ) as preference
    from elements
    where trim(item.element.location_id) <> ''
),

unioned as (
    select
        provider,
        account,
        product_id,
        location_id,
        said.price_money.amount as price_minor_units,
        nullif(trim(said.price_money.currency), '') as currency_code,
        said.track_inventory as is_stock_tracked,
        case said.inventory_alert_type
            when 'LOW_QUANTITY' then true
            when 'NONE' then false
        end as is_alert_on,
        -- A threshold may stay behind when the alert is switched off.
        case
            when said.inventory_alert_type = 'LOW_QUANTITY'
                then cast(said.inventory_alert_threshold as {{ type_quantity() }})
        end as reorder_point,
        said.sold_out as is_sold_out,
        said.sold_out_valid_until as sold_out_until
    from ranked
    where preference = 1
)

select * from unioned
