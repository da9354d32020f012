{% set drifts = {
    'undeclared': 'not is_declared',
    'never_seen': 'is_declared and record_versions > 0 and version_count = 0',
    'disappeared': 'version_count > 0 and current_count = 0 and current_records > 0',
    'changed_type': 'kind_count > 1',
} %}

with

source_fields as (
    select * from {{ ref('dim_source_fields') }}
),

unread_values as (
    select * from {{ ref('fct_unread_values') }}
),

drifts as (
    {% for drift, condition in drifts.items() %}
    select
        field_key,
        provider,
        resource,
        field_path,
        '{{ drift }}' as drift,
        declared_type,
        kinds_seen,
        version_count,
        current_count,
        uncast_count,
        first_seen_at,
        last_seen_at,
        cast(null as {{ type_string() }}) as account,
        cast(null as {{ type_string() }}) as record_key,
        cast(null as {{ type_string() }}) as said,
        cast(null as {{ type_string() }}) as reason,
        false as feeds_measure
    from source_fields
    where {{ condition }}
    union all
    {% endfor %}
    select
        source_fields.field_key,
        unread_values.provider,
        unread_values.resource,
        unread_values.field_path,
        case when unread_values.field_path is null then 'unreadable_record' else 'uncast' end as drift,
        source_fields.declared_type,
        source_fields.kinds_seen,
        source_fields.version_count,
        source_fields.current_count,
        unread_values.value_count as uncast_count,
        unread_values.first_seen_at,
        source_fields.last_seen_at,
        unread_values.account,
        unread_values.record_key,
        unread_values.said,
        unread_values.reason,
        unread_values.feeds_measure
    from unread_values
    left join source_fields
        on
            unread_values.provider = source_fields.provider
            and unread_values.resource = source_fields.resource
            and unread_values.field_path = source_fields.field_path
)

select * from drifts
