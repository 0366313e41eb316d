-- $1 adapter (null: all), $2 states; unknown stands for what is doubtful, also while it is asked about, $3 limit: of each
-- state its oldest, of those that are delivered the newest. Each part is read by an index of its own, and only when it is
-- asked for.
with found as (
    (select d.* from delivery d
     where $2::text[] && array['pending', 'leased', 'unknown'] and ($1::text is null or d.adapter = $1)
       and d.state in ('pending', 'leased', 'unknown')
       and case when d.is_doubtful and d.state in ('unknown', 'leased') then 'unknown' else d.state end = any($2)
     order by d.first_at, d.position limit $3)
    union all
    (select d.* from delivery d
     where 'dead' = any($2) and ($1::text is null or d.adapter = $1)
       and (d.state = 'dead' or d.is_report_due) and d.state = 'dead'
     order by d.first_at, d.position limit $3)
    union all
    (select d.* from delivery d
     where 'rejected' = any($2) and ($1::text is null or d.adapter = $1) and d.state = 'rejected'
     order by d.first_at, d.position limit $3)
    union all
    (select d.* from delivery d
     where 'delivered' = any($2) and ($1::text is null or d.adapter = $1) and d.state = 'delivered'
       and d.ended_at is not null
     order by d.ended_at desc limit $3)
)
select d.adapter, d.id, d.dossier, d.type, d.attempts, d.queries, d.first_at, d.ended_at, d.outcome::text as outcome,
       case when d.is_doubtful and d.state in ('unknown', 'leased') then 'unknown' else d.state end as state,
       d.decision, d.decided_by
from found d
order by d.first_at, d.position
limit $3
