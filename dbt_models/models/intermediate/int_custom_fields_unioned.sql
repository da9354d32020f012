select * from {{ ref('int_custom_columns_typed') }}
union all
select * from {{ ref('int_custom_fields_typed') }}
