select * from {{ ref('int_sellercloud__custom_columns_typed') }}
union all
select * from {{ ref('int_shipstream__custom_fields_typed') }}
