with

parsed_versions as (
    {{ parsed_versions('augno', 'item_inventory') }}
),

quantities as (
    select
        version_key,
        account,
        item_id,
        record.on_hand.value as on_hand,
        record.reserved.value as reserved,
        record.available_to_promise.value as available_to_promise,
        -- Some versions cannot be asked for what is short. It follows from the others (augno.md §2.1).
        case
            when nullif(said.short.value, '') is not null then record.short.value
            else record.on_hand.value - record.reserved.value - record.available_to_promise.value
        end as short,
        nullif(said.short.value, '') is null
        and record.on_hand.value - record.reserved.value - record.available_to_promise.value is not null
            as is_short_derived,
        {% for quantity in ['on_hand', 'reserved', 'available_to_promise', 'short'] %}
        nullif(said.{{ quantity }}.value, '') as {{ quantity }}_text,
        record.{{ quantity }}.display_value as {{ quantity }}_display,
        {% endfor %}
        -- Null before preview.3; then it is the base unit of the item's category (augno.md §6.1).
        coalesce(
            record.on_hand.unit.id,
            record.reserved.unit.id,
            record.available_to_promise.unit.id,
            record.short.unit.id
        ) as unit_id,
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

select * from quantities
