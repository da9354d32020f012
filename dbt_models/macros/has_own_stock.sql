{# Whether the row's stock is its own: neither a shadow, which repeats another product's, nor a kit that is counted in
   its components (sellercloud.md §6.5). #}
{% macro has_own_stock() -%}
    (shadow_of_product_id is null or {{ folded('shadow_of_product_id') }} = {{ folded('product_id') }})
    and not (coalesce(is_kit, false) and coalesce(kit_dependence, '') in ('main_component', 'all_components'))
{%- endmacro %}
