with

shapes as (
    select * from {{ ref('int_source_shapes_counted') }}
),

values_unread as (
    select * from {{ ref('int_source_values_unread') }}
),

declared_fields as (
    select * from {{ ref('int_source_fields_declared') }}
),

records as (
    select
        provider,
        resource,
        sum(version_count) as record_versions,
        sum(current_count) as current_records
    from shapes
    group by provider, resource
),

declared_sightings as (
    select
        declared_fields.provider,
        declared_fields.resource,
        declared_fields.field_path,
        true as is_declared,
        declared_fields.declared_type,
        declared_fields.description,
        case substr(shapes.field_kinds, declared_fields.position, 1)
            when 'a' then 'array'
            when 'b' then 'boolean'
            when '0' then 'null'
            when 'n' then 'number'
            when 'o' then 'object'
            when 't' then 'text'
            when '+' then 'in a list'
        end as kind,
        shapes.version_count,
        shapes.current_count,
        shapes.first_asked_at,
        shapes.last_asked_at
    from declared_fields
    left join shapes
        on
            declared_fields.provider = shapes.provider
            and declared_fields.resource = shapes.resource
),

unknown_paths as (
    select
        provider,
        resource,
        version_count,
        current_count,
        first_asked_at,
        last_asked_at,
        {{ unnest_list(split_paths('unknown_fields')) }} as field_path
    from shapes
    where unknown_fields is not null
),

-- A name with a dot in it may read like the path of a declared field: then it counts as neither.
unknown_sightings as (
    select
        unknown_paths.provider,
        unknown_paths.resource,
        unknown_paths.field_path,
        false as is_declared,
        cast(null as {{ type_string() }}) as declared_type,
        cast(null as {{ type_string() }}) as description,
        'not looked into' as kind,
        unknown_paths.version_count,
        unknown_paths.current_count,
        unknown_paths.first_asked_at,
        unknown_paths.last_asked_at
    from unknown_paths
    left join declared_fields
        on
            unknown_paths.provider = declared_fields.provider
            and unknown_paths.resource = declared_fields.resource
            and unknown_paths.field_path = declared_fields.field_path
    where declared_fields.field_path is null
),

sightings as (
    select * from declared_sightings
    union all
    select * from unknown_sightings
),

counted as (
    select
        provider,
        resource,
        field_path,
        is_declared,
        declared_type,
        description,
        sum(case when kind is not null then version_count else 0 end) as version_count,
        sum(case when kind is not null then current_count else 0 end) as current_count,
        substr(
            {% for kind in ['array', 'boolean', 'null', 'number', 'object', 'text'] %}
            max(case when kind = '{{ kind }}' then ', {{ kind }}' else '' end){{ ' ||' if not loop.last }}
            {% endfor %},
            3
        ) as kinds_seen,
        -- A null is of no kind, and of what lies in a list the kind is not looked at.
        count(distinct case when kind in ('array', 'boolean', 'number', 'object', 'text') then kind end) as kind_count,
        min(case when kind is not null then first_asked_at end) as first_seen_at,
        max(case when kind is not null then last_asked_at end) as last_seen_at
    from sightings
    group by provider, resource, field_path, is_declared, declared_type, description
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
