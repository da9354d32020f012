-- A number whose unit we do not know stands as the provider wrote it, and is missing in grams and millimetres.
{{ config(severity='warn') }}

with

measurements as (
    select * from {{ ref('bridge_product_measurements') }}
),

unknown as (
    select
        provider,
        account,
        product_id,
        subject,
        weight_unit,
        dimension_unit,
        volume_unit
    from measurements
    where
        (weight_unit is not null and weight_grams is null)
        or (dimension_unit is not null and coalesce(length_mm, width_mm, height_mm) is null)
        or (volume_unit is not null and volume_mm3 is null)
)

select * from unknown
