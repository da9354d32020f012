{# Whether two accounts' numbers of an item are compared, the one that comes first on the left: accounts that mirror each
   other where [stocktake] mirrors says which do, else those of different systems. #}
{% macro are_compared(lefts, rights) -%}
    {%- if var('mirrors') is none -%}
    {{ lefts }}.provider < {{ rights }}.provider
    {%- else -%}
    (
        {%- for group in var('mirrors') %}
        {%- set names = "'" ~ group | join("', '") ~ "'" %}
        ({{ lefts }}.account in ({{ names }}) and {{ rights }}.account in ({{ names }})) or
        {%- endfor %} false
    )
    and (
        {{ lefts }}.provider < {{ rights }}.provider
        or ({{ lefts }}.provider = {{ rights }}.provider and {{ lefts }}.account < {{ rights }}.account)
    )
    {%- endif -%}
{%- endmacro %}

{# Whether two numbers differ by more than [stocktake] tolerance: so many units, or a share of the greater one. #}
{% macro is_apart(left, right) -%}
    {%- set tolerance = var('tolerance') | string -%}
    {%- if tolerance.endswith('%') -%}
    (
        {{ left }} <> {{ right }}
        and coalesce(
            {{ times('abs(' ~ left ~ ' - ' ~ right ~ ')', '100') }}
            > {{ times('greatest(abs(' ~ left ~ '), abs(' ~ right ~ '))', tolerance[:-1]) }},
            true
        )
    )
    {%- else -%}
    abs({{ left }} - {{ right }}) > {{ tolerance }}
    {%- endif -%}
{%- endmacro %}
