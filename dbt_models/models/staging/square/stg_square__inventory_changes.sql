with

parsed_versions as (
    {{ parsed_versions('square', 'inventory_changes') }}
),

changes as (
    select
        version_key,
        account,
        change_type,
        change_id,
        {{ of_inner_change('catalog_object_id') }} as catalog_object_id,
        {{ of_inner_change('catalog_object_type') }} as catalog_object_type,
        coalesce(record.adjustment.from_state, record.transfer.state) as from_state,
        coalesce(record.physical_count.state, record.adjustment.to_state, record.transfer.state) as to_state,
        coalesce(record.adjustment.from_location_id, record.adjustment.location_id, record.transfer.from_location_id)
            as from_location_id,
        coalesce(
            record.physical_count.location_id,
            record.adjustment.to_location_id,
            record.adjustment.location_id,
            record.transfer.to_location_id
        ) as to_location_id,
        {{ of_inner_change('quantity') }} as quantity,
        {{ of_inner_change('occurred_at') }} as occurred_at,
        {{ of_inner_change('created_at') }} as received_at,
        {{ of_inner_change('reference_id') }} as reference_id,
        {{ of_inner_change('source.name') }} as source_name,
        {{ of_inner_change('team_member_id') }} as team_member_id,
        record.adjustment.transaction_id as transaction_id,
        record.adjustment.refund_id as refund_id,
        record.adjustment.purchase_order_id as purchase_order_id,
        record.adjustment.goods_receipt_id as goods_receipt_id,
        record.adjustment.vendor_id as vendor_id,
        record.adjustment.cost_money.amount as cost_minor_units,
        record.adjustment.cost_money.currency as cost_currency_code,
        record.adjustment.physical_count_id as physical_count_id,
        record.physical_count.adjustment_id as adjustment_id,
        record.measurement_unit_id as measurement_unit_id,
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

select * from changes
