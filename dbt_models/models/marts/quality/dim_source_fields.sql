with

kinds as (
    select * from {{ ref('int_source_field_kinds_counted') }}
),

values_unread as (
    select * from {{ ref('int_source_values_unread') }}
),

declared_fields as (
    select * from {{ ref('int_source_fields_declared') }}
),

totals as (
    select
        provider,
        resource,
        field_path,
        sum(version_count) as record_versions,
        sum(current_count) as current_records
    from kinds
    where kind <> 'undeclared'
    group by provider, resource, field_path
),

-- Of every record each declared field is counted once, if only as absent.
records as (
    select
        provider,
        resource,
        max(record_versions) as record_versions,
        max(current_records) as current_records
    from totals
    group by provider, resource
),

fields as (
    select
        provider,
        resource,
        field_path,
        true as is_declared,
        declared_type,
        description
    from declared_fields
    union all
    select distinct
        provider,
        resource,
        field_path,
        false as is_declared,
        cast(null as {{ type_string() }}) as declared_type,
        cast(null as {{ type_string() }}) as description
    from kinds
    where kind = 'undeclared'
),

counted as (
    select
        fields.provider,
        fields.resource,
        fields.field_path,
        fields.is_declared,
        fields.declared_type,
        fields.description,
        coalesce(sum(kinds.version_count), 0) as version_count,
        coalesce(sum(kinds.current_count), 0) as current_count,
        substr(
            {% for kind in ['array', 'boolean', 'null', 'number', 'object', 'text'] %}
            max(case when kinds.kind = '{{ kind }}' then ', {{ kind }}' else '' end){{ ' ||' if not loop.last }}
            {% endfor %},
            3
        ) as kinds_seen,
        -- A null is of no kind, and of what lies in a list the kind is not looked at.
        count(
            distinct case
                when kinds.kind in ('array', 'boolean', 'number', 'object', 'text') then kinds.kind
            end
        ) as kind_count,
        min(kinds.first_asked_at) as first_seen_at,
        max(kinds.last_asked_at) as last_seen_at
    from fields
    left join kinds
        on
            fields.provider = kinds.provider
            and fields.resource = kinds.resource
            and fields.field_path = kinds.field_path
            and kinds.kind <> 'absent'
    group by
        fields.provider,
        fields.resource,
        fields.field_path,
        fields.is_declared,
        fields.declared_type,
        fields.description
),

uncast_counts as (
    select
        provider,
        resource,
        field_path,
        count(*) as uncast_count
    from values_unread
    where field_path is not null
    group by provider, resource, field_path
),

joined as (
    select
        counted.provider,
        counted.resource,
        counted.field_path,
        counted.is_declared,
        counted.declared_type,
        counted.description,
        counted.version_count,
        counted.current_count,
        coalesce(records.record_versions, 0) as record_versions,
        coalesce(records.current_records, 0) as current_records,
        nullif(counted.kinds_seen, '') as kinds_seen,
        counted.kind_count,
        counted.first_seen_at,
        counted.last_seen_at,
        coalesce(uncast_counts.uncast_count, 0) as uncast_count
    from counted
    left join records
        on
            counted.provider = records.provider
            and counted.resource = records.resource
    left join uncast_counts
        on
            counted.provider = uncast_counts.provider
            and counted.resource = uncast_counts.resource
            and counted.field_path = uncast_counts.field_path
),

keyed as (
    select
        {{ hash_key(['provider', 'resource', 'field_path']) }} as field_key,
        provider,
        resource,
        field_path,
        is_declared,
        declared_type,
        description,
        cast(version_count as bigint) as version_count,
        cast(current_count as bigint) as current_count,
        cast(record_versions as bigint) as record_versions,
        cast(current_records as bigint) as current_records,
        kinds_seen,
        cast(kind_count as bigint) as kind_count,
        first_seen_at,
        last_seen_at,
        cast(uncast_count as bigint) as uncast_count
    from joined
)

select * from keyed
