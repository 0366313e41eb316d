-- $1 adapter, $2 limit, $3 seconds of the lease, $4 calls may pass; if not, or while an operator holds them back, only
-- what needs none: what an operator has decided, and pending rows that have waited $5 seconds (null: none of them).
-- Time in which nobody could be called (`delivery_hold`) does not count.
-- Leases the first open row of a dossier only (asked for by its place in the index `delivery_order`: as `not exists` it
-- costs the square of the open rows until the table has statistics; inside `coalesce`, of which the planner believes
-- that half of the rows pass: believing in few, it would look at all that are due and sort them). A lease that ran out
-- leaves the row doubtful.
with head as (
    select d.id, d.state = 'leased' as is_late, d.next_at
    from delivery d
    where d.adapter = $1
      and d.state in ('pending', 'leased', 'unknown')
      and d.next_at <= now()
      and (d.decision is not null or not exists (select from delivery_pause p where p.adapter = $1))
      and ($4 or d.decision is not null
           or (d.state = 'pending' and d.first_at <= now() - make_interval(secs => $5::float8)
               and now() - d.first_at - coalesce((
                   select sum(h.ended_at - greatest(h.began_at, d.first_at)) from delivery_hold h
                   where h.adapter = d.adapter and h.ended_at > d.first_at
               ), interval '0') >= make_interval(secs => $5::float8)))
      and coalesce(d.position = (
          select e.position from delivery e
          where e.adapter = d.adapter and e.dossier = d.dossier and e.state in ('pending', 'leased', 'unknown')
          order by e.sequence, e.position limit 1
      ), false)
    order by d.next_at, d.position
    limit $2
    for update of d skip locked
)
update delivery d
set state = 'leased',
    lease_token = gen_random_uuid(),
    next_at = now() + make_interval(secs => $3),
    is_doubtful = d.is_doubtful or head.is_late,
    doubt_at = case when head.is_late then head.next_at else d.doubt_at end,
    attempts = least(d.attempts::bigint + case when d.is_doubtful or head.is_late then 0 else 1 end, 2147483647),
    queries = least(d.queries::bigint + case when d.is_doubtful or head.is_late then 1 else 0 end, 2147483647)
from head
where d.adapter = $1 and d.id = head.id
returning d.id, d.type, d.dossier, d.subject, d.sequence, d.time, d.data, d.lease_token, d.attempts, d.queries,
          d.is_doubtful, d.decision, d.decided_by,
          extract(epoch from now() - d.first_at - coalesce((
              select sum(h.ended_at - greatest(h.began_at, d.first_at)) from delivery_hold h
              where h.adapter = d.adapter and h.ended_at > d.first_at
          ), interval '0'))::float8 as age_s,
          coalesce(extract(epoch from now() - d.doubt_at), 0)::float8 as doubt_age_s
