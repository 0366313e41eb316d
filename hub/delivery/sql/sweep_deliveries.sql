-- $1 adapter, $2 days: deletes finished deliveries whose report has its receipt, and remembers their sequence
with gone as (
    delete from delivery d
    where d.adapter = $1 and d.ended_at < now() - make_interval(days => $2) and not d.is_report_due
      and not exists (
          select from delivery_report r
          where r.adapter = d.adapter and r.id = d.report_id and r.state <> 'confirmed'
      )
    returning d.dossier, d.sequence
), marked as (
    insert into delivery_mark as m (adapter, dossier, sequence)
    select $1, dossier, max(sequence) from gone group by dossier
    on conflict (adapter, dossier) do update set sequence = greatest(m.sequence, excluded.sequence)
)
select count(*) from gone
