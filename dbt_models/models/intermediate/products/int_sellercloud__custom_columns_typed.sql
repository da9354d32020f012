with

products as (
    select * from {{ ref('int_sellercloud__products_latest') }}
),

elements as (
    select
        provider,
        account,
        product_id,
        timezone,
        {{ unnest_numbered('custom_columns') }} as item
    from products
),

columns_read as (
    select
        provider,
        account,
        product_id,
        timezone,
        coalesce({{ as_written('item.element.ColumnName') }}, item.element.ID) as field_code,
        coalesce(
            {{ as_written('item.element.DisplayName') }}, {{ as_written('item.element.ColumnName') }}
        ) as field_name,
        case item.element.DataType
            when 1 then 'integer'
            when 2 then 'decimal'
            when 3 then 'instant'
            when 4 then 'boolean'
            when 6 then 'link'
            else 'text'
        end as data_type,
        coalesce(item.element.IsDropDownColumn, false) as is_drop_down,
        coalesce(item.element.IsDropDownAllowMultipleSelection, false) as is_multiple,
        item.element.DataSourceContainer as options,
        item.element.Value as said,
        item.position as place
    from elements
    where item.element.Value <> ''
),

-- Several choices come as a JSON list or in one text; what stands between them there, nobody says (sellercloud.md §7).
-- A text with a comma, a semicolon or a bar that is a key itself is one choice.
choices_listed as (
    select
        *,
        case
            when not is_multiple then null
            when {{ json_texts('said') }} is not null then {{ json_texts('said') }}
            when {{ look_up('options', 'Key', 'said', 'Key') }} is null then {{ split_list('said') }}
        end as choices
    from columns_read
),

several as (
    select
        provider,
        account,
        product_id,
        timezone,
        field_code,
        field_name,
        data_type,
        is_drop_down,
        options,
        place,
        {{ unnest_numbered('choices') }} as item
    from choices_listed
    where choices is not null
),

both_kinds as (
    select
        provider,
        account,
        product_id,
        timezone,
        field_code,
        field_name,
        data_type,
        is_drop_down,
        options,
        place,
        item.position as inner_place,
        item.element as said
    from several
    where item.element <> ''

    union all

    select
        provider,
        account,
        product_id,
        timezone,
        field_code,
        field_name,
        data_type,
        is_drop_down,
        options,
        place,
        1 as inner_place,
        said
    from choices_listed
    where choices is null
),

looked_up as (
    select
        *,
        case when is_drop_down then {{ look_up('options', 'Key', 'said', 'Value') }} end as chosen
    from both_kinds
),

typed as (
    select
        provider,
        account,
        product_id,
        field_code,
        field_name,
        data_type,
        coalesce(chosen, said) as value_text,
        case when chosen is not null then said end as value_key,
        case when data_type in ('integer', 'decimal') then {{ soft_decimal(cleaned('said')) }} end as value_number,
        case when data_type = 'boolean' then {{ soft_boolean(cleaned('said')) }} end as value_boolean,
        case
            when data_type = 'instant' then {{ instant_in_zone(local_time('said'), 'timezone') }}
        end as value_at,
        cast(null as {{ type_string() }}) as currency_code,
        row_number() over (
            partition by provider, account, product_id, field_code
            order by place, inner_place
        ) as position
    from looked_up
)

select * from typed
