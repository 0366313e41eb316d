-- $1 adapter, $2 days: deletes confirmed reports that no kept delivery names
with gone as (
    delete from delivery_report r
    where r.adapter = $1 and r.confirmed_at < now() - make_interval(days => $2)
      and not exists (select from delivery d where d.adapter = r.adapter and d.report_id = r.id)
    returning 1
)
select count(*) from gone
