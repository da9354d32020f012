{# A text as it is compared with others: without what nobody sees, with one form of what looks the same. Characters of no
   width and control characters are gone, spaces of every kind are one space between words and none at the ends, dashes
   are "-", full-width digits are digits. Null where nothing is left. Capitals stay: who folds them says so. #}
{% macro cleaned(text) -%}
    {{ return(adapter.dispatch('cleaned', 'stocktake')(text)) }}
{%- endmacro %}

{# Nearly every code is plain ASCII, and one look tells. #}
{% macro duckdb__cleaned(text) -%}
    case
        when regexp_full_match({{ text }}, '[!-~]+( [!-~]+)*') then {{ text }}
        else nullif(
            trim(
                regexp_replace(
                    regexp_replace(
                        translate({{ text }}, {{ look_alikes() | join(', ') }}),
                        '[{{ unseen_characters() }}]', '', 'g'
                    ),
                    '[ {{ space_characters() }}]+', ' ', 'g'
                )
            ),
            ''
        )
    end
{%- endmacro %}

{# Two literals of equal length: what is written in place of each other. By number, because files of ours are ASCII, and
   made here, because chr() of Spark knows 256 characters. #}
{% macro look_alikes() %}
    {% set dashes = ['2010', '2011', '2012', '2013', '2014', '2015', '2043', '2212', 'fe58', 'fe63', 'ff0d'] %}
    {% set from, to = [], [] %}
    {% for dash in dashes %}
        {% do from.append('%c' | format(dash | int(base=16))) %}
        {% do to.append('-') %}
    {% endfor %}
    {% for digit in range(10) %}
        {% do from.append('%c' | format(65296 + digit)) %}
        {% do to.append(digit | string) %}
    {% endfor %}
    {{ return(["'" ~ from | join ~ "'", "'" ~ to | join ~ "'"]) }}
{% endmacro %}

{# Control characters but those that part words, soft hyphens, joiners, marks of direction, byte order marks, variation
   selectors: inside the brackets of a regular expression. #}
{% macro unseen_characters() -%}
    \x{00}-\x{08}\x{0E}-\x{1B}\x{7F}-\x{84}\x{86}-\x{9F}\x{AD}\x{034F}\x{061C}\x{180B}-\x{180E}\x{200B}-\x{200F}
    {{- '\\x{202A}-\\x{202E}\\x{2060}-\\x{206F}\\x{FE00}-\\x{FE0F}\\x{FEFF}\\x{FFF9}-\\x{FFFB}' }}
{%- endmacro %}

{# Tab, line ends, separators, no-break and wide spaces, letters that are blank. #}
{% macro space_characters() -%}
    \x{09}-\x{0D}\x{1C}-\x{1F}\x{85}\x{A0}\x{115F}\x{1160}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}
    {{- '\\x{2800}\\x{3000}\\x{3164}\\x{FFA0}' }}
{%- endmacro %}

{% macro spark__cleaned(text) -%}
    nullif(
        trim(
            regexp_replace(
                regexp_replace(
                    translate({{ text }}, {{ look_alikes() | join(', ') }}),
                    '[{{ unseen_characters() | replace('\\', '\\\\') }}]', ''
                ),
                '[ {{ space_characters() | replace('\\', '\\\\') }}]+', ' '
            )
        ),
        ''
    )
{%- endmacro %}
