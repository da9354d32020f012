select * from {{ ref('int_inventory_state_versions_unioned') }}
where valid_to is null
