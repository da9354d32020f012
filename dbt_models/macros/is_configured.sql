{# Whether the rows' account stands in the configuration now, as an account of their provider: what is not there any more
   has a history and no present. `accounts` is stg_stocktake__accounts, joined left by account. #}
{% macro is_configured(provider='provider') -%}
    (coalesce(accounts.is_configured, true) and coalesce(accounts.provider, {{ provider }}) = {{ provider }})
{%- endmacro %}
