-- What differs at one location is said in a list inside a variation; no entry of it may be lost on the way.
with

variations as (
    select * from {{ ref('int_square__variations_merged') }}
),

product_locations as (
    select * from {{ ref('bridge_product_locations') }}
),

elements as (
    select
        provider,
        account,
        variation_id as product_id,
        {{ unnest_numbered('location_overrides') }} as item
    from variations
),

lost as (
    select
        elements.provider,
        elements.account,
        elements.product_id,
        elements.item.element.location_id as location_id
    from elements
    left join product_locations
        on
            elements.provider = product_locations.provider
            and elements.account = product_locations.account
            and elements.product_id = product_locations.product_id
            and trim(elements.item.element.location_id) = product_locations.location_id
    where
        trim(elements.item.element.location_id) <> ''
        and product_locations.product_id is null
)

select * from lost
