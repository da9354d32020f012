with

shapes as (
    select * from {{ ref('int_source_shapes_counted') }}
),

declared_fields as (
    select * from {{ ref('int_source_fields_declared') }}
),

declared_kinds as (
    select
        shapes.*,
        declared_fields.field_path,
        case substr(shapes.field_kinds, declared_fields.position, 1)
            when 'a' then 'array'
            when 'b' then 'boolean'
            when '0' then 'null'
            when 'n' then 'number'
            when 'o' then 'object'
            when 't' then 'text'
            when '+' then 'in a list'
            else 'absent'
        end as kind
    from shapes
    inner join declared_fields
        on
            shapes.provider = declared_fields.provider
            and shapes.resource = declared_fields.resource
),

undeclared_paths as (
    select
        shapes.*,
        {{ unnest_list(split_paths('unknown_fields')) }} as field_path
    from shapes
    where unknown_fields is not null
),

-- A name with a dot in it may read like the path of a declared field: then it counts as neither.
undeclared_kinds as (
    select
        undeclared_paths.*,
        'undeclared' as kind
    from undeclared_paths
    left join declared_fields
        on
            undeclared_paths.provider = declared_fields.provider
            and undeclared_paths.resource = declared_fields.resource
            and undeclared_paths.field_path = declared_fields.field_path
    where declared_fields.field_path is null
),

kinds as (
    select * from declared_kinds
    union all
    select * from undeclared_kinds
),

counted as (
    select
        provider,
        account,
        resource,
        field_path,
        kind,
        cast(sum(version_count) as bigint) as version_count,
        cast(sum(current_count) as bigint) as current_count,
        min(first_asked_at) as first_asked_at,
        max(last_asked_at) as last_asked_at
    from kinds
    group by provider, account, resource, field_path, kind
)

select * from counted
