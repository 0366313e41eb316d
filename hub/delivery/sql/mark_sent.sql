-- $1 adapter, $2 ids, $3 seconds of each until it is sent again without a receipt
-- Rows are found by their ids (`any`, `is distinct from`): the index of open reports is full of rows that have gone.
with marked as (
    select r.id, m.again_in_s from delivery_report r
    join unnest($2::text[], $3::float8[]) as m (id, again_in_s) on m.id = r.id
    where r.adapter = $1 and r.id = any($2::text[]) and r.state is distinct from 'confirmed'
    order by r.id for update of r
)
update delivery_report r
set state = 'sent', sends = least(r.sends::bigint + 1, 2147483647), next_at = now() + make_interval(secs => m.again_in_s)
from marked m
where r.adapter = $1 and r.id = any($2::text[]) and r.id = m.id
