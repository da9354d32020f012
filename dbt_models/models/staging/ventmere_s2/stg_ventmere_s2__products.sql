with

parsed_versions as (
    {{ parsed_versions('ventmere_s2', 'products') }}
),

products as (
    select
        version_key,
        account,
        product_id,
        record.organization.id as organization_id,
        nullif(record.organization.name, '') as organization_name,
        nullif(record.sku, '') as sku,
        record.brand.id as brand_id,
        nullif(record.brand.name, '') as brand_name,
        nullif(record.gtin, '') as gtin,
        nullif(record.name, '') as name,
        nullif(record.remarks, '') as remarks,
        nullif(record.imageMain, '') as image_path,
        nullif(record.packageLengthMm, 0) as package_length_mm,
        nullif(record.packageWidthMm, 0) as package_width_mm,
        nullif(record.packageHeightMm, 0) as package_height_mm,
        nullif(record.shippingWeightKg, 0) as shipping_weight_kg,
        nullif(record.caseUnit, '') as case_unit,
        nullif(record.casePack, 0) as case_pack,
        nullif(record.caseLengthMm, 0) as case_length_mm,
        nullif(record.caseWidthMm, 0) as case_width_mm,
        nullif(record.caseHeightMm, 0) as case_height_mm,
        nullif(record.caseWeightKg, 0) as case_weight_kg,
        nullif(record.condition, '') as condition,
        record.serialNumberRequired as is_serial_number_required,
        record.expiryDateRequired as is_expiry_date_required,
        record.unknown as is_unknown,
        record.createdAt as created_at,
        record.updatedAt as updated_at,
        record.otherIds as other_ids,
        asked_at,
        valid_from,
        valid_to,
        uncast_values,
        field_kinds,
        unknown_fields,
        parsed_by,
        row_hash,
        _dlt_load_id
    from parsed_versions
)

select * from products
