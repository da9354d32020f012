with

parsed_versions as (
    {{ parsed_versions('shipstream', 'products') }}
),

products as (
    select
        version_key,
        account,
        product_type,
        product_id,
        {{ as_written('record.sku') }} as sku,
        nullif(trim(record.name), '') as name,
        record.merchant.id as merchant_id,
        nullif(trim(record.vendor_sku), '') as vendor_sku,
        nullif(trim(record.external_id), '') as external_id,
        -- Of containers they come as one text with commas (shipstream.md §6.2).
        case {{ json_kind('record.barcodes') }}
            when 'array' then {{ json_texts(json_scalar('record.barcodes')) }}
            when 'text' then {{ split_list("nullif(trim(" ~ json_scalar('record.barcodes') ~ "), '')") }}
        end as barcodes,
        nullif(record.goods_type, '') as goods_type,
        record.is_enabled as is_enabled,
        record.is_available as is_available,
        record.is_visible as is_visible,
        record.lot_type.id as lot_type_id,
        record.weight.value as weight_value,
        nullif(record.weight.unit, '') as weight_unit,
        record.dimensions.length as length,
        record.dimensions.width as width,
        record.dimensions.height as height,
        nullif(record.dimensions.unit, '') as dimension_unit,
        record.volume.value as volume_value,
        nullif(record.volume.unit, '') as volume_unit,
        record.inventory.backorders as allows_backorders,
        record.inventory.dynamic_allocation as is_dynamic_allocation,
        nullif(record.inventory.virtual_inventory, '') as virtual_inventory,
        nullif(trim(record.export.description), '') as export_description,
        record.export.customs_value.amount as customs_value_amount,
        nullif(record.export.customs_value.currency, '') as customs_value_currency,
        nullif(record.export.country_of_manufacture, '') as country_of_manufacture,
        nullif(trim(record.export.hs_base_code), '') as hs_base_code,
        record.export.hs_country_extension as hs_country_extensions,
        record.regulated_goods.regulation.id as regulation_id,
        nullif(trim(record.regulated_goods.technical_name), '') as regulated_technical_name,
        nullif(trim(record.regulated_goods.additional_information), '') as regulated_additional_information,
        record.regulated_goods.net_weight.value as regulated_net_weight_value,
        nullif(record.regulated_goods.net_weight.unit, '') as regulated_net_weight_unit,
        nullif(trim(record.regulated_goods.container_type), '') as regulated_container_type,
        record.regulated_goods.container_meets_hazmat_specs as is_regulated_container_compliant,
        record.regulated_goods.regulation_units as regulation_units,
        record.packaging.require_packaging as is_packaging_required,
        record.packaging.require_weight_check as is_weight_check_required,
        record.packaging.require_confirmation_per_item as is_confirmation_per_item_required,
        record.packaging.unit_quantity as unit_quantity,
        record.packaging.bulk_quantity as bulk_quantity,
        record.packaging.max_per_package as max_per_package,
        record.packaging.is_ship_separately as is_ship_separately,
        nullif(trim(record.packaging.ship_separately_tag), '') as ship_separately_tag,
        record.packaging.can_tip as can_tip,
        record.packaging.can_contain_other_items as can_contain_other_items,
        record.packaging.is_handling_surcharge as is_handling_surcharge,
        case when {{ json_kind('record.custom_fields') }} <> 'null' then record.custom_fields end as custom_fields,
        record.created_at as created_at,
        record.updated_at as updated_at,
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
