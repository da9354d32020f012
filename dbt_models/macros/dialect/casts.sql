{# A text as a decimal, exponents included (JSON writes 1e3 too); null where it is none, or has more than 18 digits before
   the point: nobody has so many, and sums over many such rows must fit. #}
{% macro decimal_of(text) -%}
    {{ return(adapter.dispatch('decimal_of', 'stocktake')(text)) }}
{%- endmacro %}

{# DuckDB reads 1_000 as a number. Nobody else does. #}
{% macro duckdb__decimal_of(text) -%}
    cast(case when not contains({{ text }}, '_') then try_cast({{ text }} as decimal(28, 10)) end as {{ type_quantity() }})
{%- endmacro %}

{# A text as a whole number, 5.0 included; null where it is none or has a fraction. #}
{% macro integer_of(text) -%}
    {{ return(adapter.dispatch('integer_of', 'stocktake')(text)) }}
{%- endmacro %}

{% macro duckdb__integer_of(text) -%}
    case when {{ decimal_of(text) }} % 1 = 0 then try_cast({{ decimal_of(text) }} as bigint) end
{%- endmacro %}

{# Whether uncast_values names one of these fields. #}
{% macro is_uncast(uncast_values, field_paths) -%}
    {{ return(adapter.dispatch('is_uncast', 'stocktake')(uncast_values, field_paths)) }}
{%- endmacro %}

{% macro duckdb__is_uncast(uncast_values, field_paths) -%}
    coalesce(
        len(list_filter(
            {{ uncast_values }}, lambda value: list_contains({{ duckdb__texts(field_paths) }}, value.field_path)
        )) > 0,
        false
    )
{%- endmacro %}

{% macro spark__decimal_of(text) -%}
    cast(
        case
            when trim({{ text }}) rlike '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$'
                then coalesce(
                    try_cast(trim({{ text }}) as decimal(28, 10)),
                    case
                        when {{ text }} rlike '[eE]'  -- Sail reads no exponent into a decimal
                            then try_cast(try_cast(trim({{ text }}) as double) as decimal(28, 10))
                    end
                )
        end as {{ type_quantity() }}
    )
{%- endmacro %}

{% macro spark__integer_of(text) -%}
    case when {{ decimal_of(text) }} % 1 = 0 then try_cast({{ decimal_of(text) }} as bigint) end
{%- endmacro %}

{% macro spark__is_uncast(uncast_values, field_paths) -%}
    coalesce(
        exists({{ uncast_values }}, value -> array_contains({{ spark__texts(field_paths) }}, value.field_path)), false
    )
{%- endmacro %}
