-- $1 adapter (null: all), $2 states; unknown stands for what is doubtful, also while it is asked about, $3 limit
select d.adapter, d.id, d.dossier, d.type, d.attempts, d.queries, d.first_at, d.ended_at, d.outcome::text as outcome,
       case when d.is_doubtful and d.state in ('unknown', 'leased') then 'unknown' else d.state end as state,
       d.decision, d.decided_by
from delivery d
where ($1::text is null or d.adapter = $1)
  and case when d.is_doubtful and d.state in ('unknown', 'leased') then 'unknown' else d.state end = any($2::text[])
order by d.first_at, d.position
limit $3
