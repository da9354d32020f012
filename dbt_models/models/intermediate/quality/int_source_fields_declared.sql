with

declared_fields (provider, resource, position, field_path, declared_type, description) as (
    values {{ declared_field_rows() }}
)

select * from declared_fields
