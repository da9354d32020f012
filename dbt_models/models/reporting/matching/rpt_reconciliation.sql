{{ config(meta={'merged_by': ['item_key']}) }}

with

disagreements as (
    select * from {{ ref('fct_stock_disagreements') }}
),

items as (
    select * from {{ ref('dim_items') }}
),

named as (
    select
        disagreements.reconciliation_key,
        disagreements.item_key,
        items.sku,
        items.name,
        items.match_rule,
        disagreements.measure,
        disagreements.left_provider,
        disagreements.left_account,
        disagreements.left_quantity,
        disagreements.right_provider,
        disagreements.right_account,
        disagreements.right_quantity,
        cast(disagreements.left_quantity - disagreements.right_quantity as {{ type_quantity() }}) as difference,
        {{ ratio(
            'abs(disagreements.left_quantity - disagreements.right_quantity)',
            'greatest(abs(disagreements.left_quantity), abs(disagreements.right_quantity))'
        ) }} as difference_share,
        disagreements.disagrees_since,
        disagreements.left_known_through,
        disagreements.right_known_through
    from disagreements
    inner join items on disagreements.item_key = items.item_key
)

select * from named
