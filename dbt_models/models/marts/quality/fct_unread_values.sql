with

values_unread as (
    select * from {{ ref('int_source_values_unread') }}
),

unreadable_records as (
    select * from {{ ref('stg_stocktake__unreadable_records') }}
),

-- Of records without a key there may be several.
records_counted as (
    select
        provider,
        account,
        resource,
        record_key,
        min(reason) as reason,
        min(payload) as said,
        count(*) as value_count,
        min(seen_at) as first_seen_at
    from unreadable_records
    group by provider, account, resource, record_key
),

unioned as (
    select
        provider,
        account,
        resource,
        record_key,
        field_path,
        case when field_path is null then 'the record is no JSON that can be read' end as reason,
        said,
        value_count,
        feeds_measure or field_path is null as feeds_measure,
        first_seen_at
    from values_unread

    union all

    select
        provider,
        account,
        resource,
        record_key,
        cast(null as {{ type_string() }}) as field_path,
        reason,
        substring(said, 1, 200) as said,
        value_count,
        true as feeds_measure,
        first_seen_at
    from records_counted
),

keyed as (
    select
        {{ hash_key(['provider', 'account', 'resource', 'record_key', 'field_path', 'reason']) }} as unread_key,
        provider,
        account,
        resource,
        record_key,
        field_path,
        said,
        reason,
        feeds_measure,
        cast(value_count as bigint) as value_count,
        first_seen_at
    from unioned
)

select * from keyed
