{# The reorder point that holds for a product at a location: the location's own where it says one, none where it says
   that it wants none, else the product's. `overrides` is bridge_product_locations, joined left. #}
{% macro reorder_point_there() -%}
    case
        when overrides.is_alert_on then overrides.reorder_point
        when overrides.is_alert_on is null then products.reorder_point
    end
{%- endmacro %}

{# What a product's own listing promises, where it is known: what ShipStream offers beyond what is there is its parts'
   stock. The numbers are of `rows`, the product of dim_products. #}
{% macro promised_by_itself(rows) -%}
    case
        when coalesce({{ rows }}.quantity_advertised, 0) <= 0 then 0
        when
            lower(coalesce(products.virtual_inventory, 'none')) = 'none'
            or {{ rows }}.quantity_advertised <= {{ rows }}.quantity_available
            then {{ rows }}.quantity_advertised
        when {{ rows }}.quantity_available > 0 then {{ rows }}.quantity_available
        else 0
    end
{%- endmacro %}
