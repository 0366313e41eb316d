-- $1 adapter, $2 days, $3 and $4 where the page begins (after this time and position), $5 its size.
-- Deletes confirmed reports that no kept delivery names. Returns as `sweep_deliveries`.
with page as materialized (
    select r.id, r.confirmed_at, r.position
    from delivery_report r
    where r.adapter = $1 and r.confirmed_at < now() - make_interval(days => $2)
      and (r.confirmed_at, r.position) > ($3, $4)
    order by r.confirmed_at, r.position limit $5
), held as (
    select r.id from delivery_report r join page p on p.id = r.id
    where r.adapter = $1
      and not exists (select from delivery d where d.adapter = r.adapter and d.report_id = r.id)
    order by r.id for update of r
), gone as (
    delete from delivery_report r using held h where r.adapter = $1 and r.id = h.id returning 1
)
select (select count(*) from gone) as removed, last.confirmed_at as at, last.position
from (select count(*) as rows from page) size
left join (select confirmed_at, position from page order by confirmed_at desc, position desc limit 1) last
    on size.rows = $5
