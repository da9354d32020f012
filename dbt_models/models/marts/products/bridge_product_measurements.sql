{{ config(meta={'merged_by': ['account', 'product_id']}) }}

{%- set columns = {
    'provider': type_string(),
    'account': type_string(),
    'product_id': type_string(),
    'subject': type_string(),
    'weight_value': type_quantity(),
    'weight_unit': type_string(),
    'length_value': type_quantity(),
    'width_value': type_quantity(),
    'height_value': type_quantity(),
    'dimension_unit': type_string(),
    'volume_value': type_quantity(),
    'volume_unit': type_string(),
    'quantity_per_case': type_quantity(),
} -%}
{%- set identity = ['provider', 'account', 'product_id', 'subject'] -%}
{%- set weight = ['weight_value', 'weight_unit'] -%}
{%- set dimensions = ['length_value', 'width_value', 'height_value', 'dimension_unit'] -%}
{%- set volume = ['volume_value', 'volume_unit'] -%}

with

merchant_products as (
    select * from {{ ref('int_shipstream__products_latest') }}
),

listed_products as (
    select * from {{ ref('int_sellercloud__products_latest') }}
),

snapshot_products as (
    select * from {{ ref('int_ventmere_s2__products_latest') }}
),

merchant_items as (
    select
        *,
        'item' as subject
    from merchant_products
),

-- Pounds and ounces are two parts of one weight, whatever the unit system says (sellercloud.md §6.2). A 16th is
-- 0.0625 exactly.
listed_items as (
    select
        provider,
        account,
        product_id,
        'item' as subject,
        coalesce(weight_pounds_part, 0) + coalesce(weight_ounces_part, 0) * 0.0625 as weight_value,
        'lb' as weight_unit
    from listed_products
),

listed_packages as (
    select
        provider,
        account,
        product_id,
        'package' as subject,
        coalesce(package_weight_pounds_part, 0) + coalesce(package_weight_ounces_part, 0) * 0.0625 as weight_value,
        'lb' as weight_unit,
        shipping_length as length_value,
        shipping_width as width_value,
        shipping_height as height_value,
        case unit_system
            when 'imperial' then 'in'
            when 'metric' then 'cm'
        end as dimension_unit
    from listed_products
),

listed_cases as (
    select
        provider,
        account,
        product_id,
        'case' as subject,
        units_per_case as quantity_per_case
    from listed_products
),

snapshot_packages as (
    select
        provider,
        account,
        product_id,
        'package' as subject,
        package_weight_kg as weight_value,
        'kg' as weight_unit,
        package_length_mm as length_value,
        package_width_mm as width_value,
        package_height_mm as height_value,
        'mm' as dimension_unit
    from snapshot_products
),

snapshot_cases as (
    select
        provider,
        account,
        product_id,
        'case' as subject,
        case_weight_kg as weight_value,
        'kg' as weight_unit,
        case_length_mm as length_value,
        case_width_mm as width_value,
        case_height_mm as height_value,
        'mm' as dimension_unit,
        units_per_case as quantity_per_case
    from snapshot_products
),

unioned as (
    select
        {{ padded(columns, identity + weight + dimensions + volume) }}
    from merchant_items

    union all

    select
        {{ padded(columns, identity + weight) }}
    from listed_items

    union all

    select
        {{ padded(columns, identity + weight + dimensions) }}
    from listed_packages

    union all

    select
        {{ padded(columns, identity + ['quantity_per_case']) }}
    from listed_cases

    union all

    select
        {{ padded(columns, identity + weight + dimensions) }}
    from snapshot_packages

    union all

    select
        {{ padded(columns, identity + weight + dimensions + ['quantity_per_case']) }}
    from snapshot_cases
),

-- Nothing weighs 0 and no side is 0 long: that is how these systems write that nobody measured.
measured as (
    select
        provider,
        account,
        product_id,
        subject,
        cast(nullif(weight_value, 0) as {{ type_quantity() }}) as weight_value,
        weight_unit,
        cast(nullif(length_value, 0) as {{ type_quantity() }}) as length_value,
        cast(nullif(width_value, 0) as {{ type_quantity() }}) as width_value,
        cast(nullif(height_value, 0) as {{ type_quantity() }}) as height_value,
        dimension_unit,
        cast(nullif(volume_value, 0) as {{ type_quantity() }}) as volume_value,
        volume_unit,
        cast(nullif(quantity_per_case, 0) as {{ type_quantity() }}) as quantity_per_case
    from unioned
),

normalised as (
    select
        provider,
        account,
        product_id,
        subject,
        weight_value,
        case when weight_value is not null then weight_unit end as weight_unit,
        {{ in_grams('weight_value', 'weight_unit') }} as weight_grams,
        length_value,
        width_value,
        height_value,
        case when coalesce(length_value, width_value, height_value) is not null then dimension_unit end
            as dimension_unit,
        {{ in_mm('length_value', 'dimension_unit') }} as length_mm,
        {{ in_mm('width_value', 'dimension_unit') }} as width_mm,
        {{ in_mm('height_value', 'dimension_unit') }} as height_mm,
        volume_value,
        case when volume_value is not null then volume_unit end as volume_unit,
        {{ in_mm3('volume_value', 'volume_unit') }} as volume_mm3,
        quantity_per_case
    from measured
    where
        coalesce(weight_value, length_value, width_value, height_value, volume_value, quantity_per_case) is not null
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
    from normalised
)

select * from keyed
