select * from {{ ref('stg_stocktake__sync_log') }}
