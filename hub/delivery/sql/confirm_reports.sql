-- $1 adapter, $2 ids of our reports, $3 code of the refusal per id (null: accepted). Returns what was open.
-- Found by their ids: as in `mark_sent`.
with held as (
    select r.id, c.refusal from delivery_report r
    join unnest($2::text[], $3::text[]) as c (id, refusal) on c.id = r.id
    where r.adapter = $1 and r.id = any($2::text[]) and r.state is distinct from 'confirmed'
    order by r.id for update of r
)
update delivery_report r
set state = 'confirmed', confirmed_at = now(), refusal = h.refusal
from held h
where r.adapter = $1 and r.id = any($2::text[]) and r.id = h.id
returning r.id, r.refusal
