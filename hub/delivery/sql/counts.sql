-- $1 adapter: depths and ages (s) for the metrics; a dead letter waits until the hub has its business answer, and one
-- that needs none is not waited for. The two parts of `watched` are read by an index each.
with watched as (
    select d.* from delivery d where d.adapter = $1 and d.state in ('pending', 'leased', 'unknown')
    union all
    select d.* from delivery d
    where d.adapter = $1 and (d.state = 'dead' or d.is_report_due) and d.state not in ('pending', 'leased', 'unknown')
), open as (
    select d.*, extract(epoch from now() - d.first_at)::float8 as age_s,
           extract(epoch from now() - d.ended_at)::float8 as ended_age_s,
           d.state = 'dead' and (d.is_report_due or exists (
               select from delivery_report r
               where r.adapter = d.adapter and r.id = d.report_id and r.state <> 'confirmed'
           )) as is_waiting_dead
    from watched d
), unconfirmed as (
    select count(*) as reports, min(created_at) as oldest
    from delivery_report where adapter = $1 and state <> 'confirmed'
), poison as (
    select count(*) as messages, min(stored_at) as oldest from delivery_poison where adapter = $1
)
select count(*) filter (where state in ('pending', 'leased', 'unknown')) as pending,
       coalesce(max(age_s) filter (where state in ('pending', 'leased', 'unknown')), 0) as oldest_age_s,
       count(*) filter (where state = 'pending' and attempts > 0) as retries,
       count(*) filter (where is_doubtful and state in ('unknown', 'leased')) as unknown,
       coalesce(max(extract(epoch from now() - doubt_at)::float8)
                filter (where is_doubtful and state in ('unknown', 'leased')), 0) as unknown_age_s,
       count(*) filter (where is_waiting_dead) as dead,
       coalesce(max(ended_age_s) filter (where is_waiting_dead or is_report_due), 0) as dead_age_s,
       count(*) filter (where is_report_due) as reports_due,
       (select messages from poison) as poison,
       coalesce((select extract(epoch from now() - oldest)::float8 from poison), 0) as poison_age_s,
       (select reports from unconfirmed) as unconfirmed,
       coalesce((select extract(epoch from now() - oldest)::float8 from unconfirmed), 0) as unconfirmed_age_s
from open
