with

parsed_versions as (
    {{ parsed_versions('augno', 'items') }}
),

items as (
    select
        version_key,
        account,
        item_id,
        {{ as_written('record.sku') }} as sku,
        record.type as item_type,
        nullif(trim(record.description), '') as description,
        nullif(trim(record.notes), '') as notes,
        record.category.id as category_id,
        nullif(trim(record.category.name), '') as category_name,
        record.category.type as category_type,
        record.category.unit_group.id as unit_group_id,
        nullif(trim(record.category.unit_group.name), '') as unit_group_name,
        record.category.unit_group.base_unit.id as base_unit_id,
        nullif(trim(record.category.unit_group.base_unit.name), '') as base_unit_name,
        nullif(trim(record.category.unit_group.base_unit.abbreviation), '') as base_unit_abbreviation,
        record.category.unit_group.base_unit.type as base_unit_type,
        {% for rate in ['unit_cost', 'unit_value'] %}
        record.{{ rate }}.value as {{ rate }},
        nullif(said.{{ rate }}.value, '') as {{ rate }}_text,
        record.{{ rate }}.display_value as {{ rate }}_display,
        case
            when record.{{ rate }}.numerator_unit.type = 'currency'
                then coalesce(
                    nullif(trim(record.{{ rate }}.numerator_unit.abbreviation), ''),
                    nullif(trim(record.{{ rate }}.numerator_unit.name), '')
                )
        end as {{ rate }}_currency,
        record.{{ rate }}.denominator_unit.id as {{ rate }}_per_unit_id,
        nullif(trim(record.{{ rate }}.denominator_unit.abbreviation), '') as {{ rate }}_per_unit_abbreviation,
        {% endfor %}
        record.burn_rate.value as burn_rate,
        nullif(said.burn_rate.value, '') as burn_rate_text,
        record.burn_rate.display_value as burn_rate_display,
        -- A list comes in an envelope, and what it holds in `data` (augno.md §6.2).
        coalesce({{ json_member('record.attributes', 'data') }}, record.attributes) as attributes,
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

select * from items
