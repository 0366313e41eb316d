-- $1 adapter, $2 id, $3 confirm, resend or give_up, $4 who decides
update delivery
set decision = $3, decided_by = $4, decided_at = now(), next_at = case when state = 'unknown' then now() else next_at end
where adapter = $1 and id = $2 and is_doubtful and state in ('unknown', 'leased')
returning 1
