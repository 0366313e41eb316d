select adapter, why, paused_by, paused_at from delivery_pause order by adapter
