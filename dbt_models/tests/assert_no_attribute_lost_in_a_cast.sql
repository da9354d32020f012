-- What feeds no measure and cannot be used costs a name or a date, and no number. It is said here and in
-- rpt_schema_drift for as long as a current version has it.
{{ config(severity='warn') }}

select
    account,
    resource,
    record_key,
    field_path
from {{ ref('fct_unread_values') }}
where not feeds_measure
