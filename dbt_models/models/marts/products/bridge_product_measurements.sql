with

measurements as (
    select * from {{ ref('int_product_measurements_unioned') }}
),

keyed as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        subject,
        weight_value,
        weight_unit,
        weight_grams,
        length_value,
        width_value,
        height_value,
        dimension_unit,
        length_mm,
        width_mm,
        height_mm,
        volume_value,
        volume_unit,
        volume_mm3,
        quantity_per_case
    from measurements
)

select * from keyed
