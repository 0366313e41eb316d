-- $1 adapter, $2 ids of our reports, $3 code of the refusal per id (null: accepted). Returns what was open.
update delivery_report r
set state = 'confirmed', confirmed_at = now(), refusal = c.refusal
from unnest($2::text[], $3::text[]) as c (id, refusal)
where r.adapter = $1 and r.id = c.id and r.state <> 'confirmed'
returning r.id, r.refusal
