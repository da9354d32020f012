with

products as (
    select * from {{ ref('int_shipstream__products_latest') }}
),

-- One API version writes a list of code, value and label, another an object keyed by code (shipstream.md §6.2).
listed as (
    select
        provider,
        account,
        product_id,
        {{ unnest_numbered(json_elements('custom_fields')) }} as item
    from products
    where {{ json_kind('custom_fields') }} = 'array'
),

keyed as (
    select
        provider,
        account,
        product_id,
        {{ unnest_numbered(json_members('custom_fields')) }} as item
    from products
    where {{ json_kind('custom_fields') }} = 'object'
),

both_shapes as (
    select
        provider,
        account,
        product_id,
        {{ json_text('item.element', 'code') }} as field_code,
        item.element as said,
        item.position as place
    from listed

    union all

    select
        provider,
        account,
        product_id,
        item.element.key as field_code,
        item.element.value as said,
        item.position as place
    from keyed
),

-- A value stands alone, or in `value` with or without a label beside it, or is an option, an amount or a list of them.
unwrapped as (
    select
        provider,
        account,
        product_id,
        field_code,
        case
            when {{ json_kind('said') }} = 'object' then {{ json_text('said', 'label') }}
        end as label,
        case
            when {{ json_kind('said') }} = 'object' and {{ json_member('said', 'value') }} is not null
                then {{ json_member('said', 'value') }}
            else said
        end as said,
        place
    from both_shapes
    where {{ cleaned('field_code') }} is not null
),

several as (
    select
        provider,
        account,
        product_id,
        field_code,
        place,
        {{ unnest_numbered(json_elements('said')) }} as item
    from unwrapped
    where {{ json_kind('said') }} = 'array'
),

single_values as (
    select
        provider,
        account,
        product_id,
        field_code,
        label,
        said,
        place,
        1 as inner_place
    from unwrapped
    where {{ json_kind('said') }} <> 'array'

    union all

    select
        provider,
        account,
        product_id,
        field_code,
        cast(null as {{ type_string() }}) as label,
        item.element as said,
        place,
        item.position as inner_place
    from several
),

taken_apart as (
    select
        provider,
        account,
        product_id,
        field_code,
        place,
        inner_place,
        coalesce({{ json_text('said', 'label') }}, label) as label,
        {{ json_text('said', 'currency') }} as currency_code,
        case
            when {{ json_kind('said') }} <> 'object' then said
            else coalesce(
                {{ json_member('said', 'amount') }},
                {{ json_member('said', 'value') }},
                {{ json_member('said', 'id') }},
                said
            )
        end as inner_said
    from single_values
),

scalars as (
    select
        *,
        -- A number stands in an object of its own, so that it keeps the digits it came with (_shipstream__sources.yml).
        case
            when {{ json_text('inner_said', 'number') }} is not null then 'number'
            else {{ json_kind('inner_said') }}
        end as kind,
        coalesce({{ json_text('inner_said', 'number') }}, {{ json_scalar('inner_said') }}) as inner_text
    from taken_apart
),

typed as (
    select
        provider,
        account,
        product_id,
        field_code,
        field_code as field_name,
        case
            when label is not null then 'option'
            when currency_code is not null then 'money'
            when kind = 'boolean' then 'boolean'
            when kind = 'number' and {{ matches('inner_text', '-?[0-9]+') }} then 'integer'
            when kind = 'number' then 'decimal'
            when {{ matches('inner_text', '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})') }}
                then 'instant'
            else 'text'
        end as data_type,
        coalesce(label, inner_text) as value_text,
        case when label is not null then inner_text end as value_key,
        inner_text,
        currency_code,
        place,
        inner_place
    from scalars
    where coalesce(label, inner_text) is not null
),

valued as (
    select
        provider,
        account,
        product_id,
        field_code,
        field_name,
        data_type,
        value_text,
        value_key,
        case
            when data_type in ('integer', 'decimal', 'money') then {{ soft_decimal('inner_text') }}
        end as value_number,
        case when data_type = 'boolean' then {{ soft_boolean('inner_text') }} end as value_boolean,
        case when data_type = 'instant' then {{ instant_in_zone('inner_text', "'UTC'") }} end as value_at,
        currency_code,
        row_number() over (
            partition by provider, account, product_id, field_code
            order by place, inner_place
        ) as position
    from typed
)

select * from valued
