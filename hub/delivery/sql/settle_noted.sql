-- $1 adapter, $2 ids of new messages that need no call, $3 outcome: they are over in the transaction that stores them
update delivery set state = 'delivered', outcome = $3::jsonb, ended_at = now()
where adapter = $1 and id = any($2::text[]) and state = 'pending'
