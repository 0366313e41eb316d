-- $1 adapter, $2 days, $3 and $4 where the page begins (after this time and position), $5 its size.
-- Deletes finished deliveries whose report has its receipt, and remembers their sequence. Returns how many rows were
-- deleted, and the last row of the page if it was full.
with page as materialized (
    select d.id, d.ended_at, d.position, not d.is_report_due and not exists (
               select from delivery_report r
               where r.adapter = d.adapter and r.id = d.report_id and r.state <> 'confirmed'
           ) as is_over
    from delivery d
    where d.adapter = $1 and d.ended_at < now() - make_interval(days => $2) and (d.ended_at, d.position) > ($3, $4)
    order by d.ended_at, d.position limit $5
), held as (
    select d.id, d.dossier, d.sequence from delivery d join page p on p.id = d.id
    where d.adapter = $1 and p.is_over
    order by d.id for update of d
), gone as (
    delete from delivery d using held h where d.adapter = $1 and d.id = h.id
    returning d.dossier, d.sequence
), marked as (
    insert into delivery_mark as m (adapter, dossier, sequence)
    select $1, dossier, max(sequence) from gone group by dossier order by dossier
    on conflict (adapter, dossier) do update set sequence = greatest(m.sequence, excluded.sequence)
)
select (select count(*) from gone) as removed, last.ended_at as at, last.position
from (select count(*) as rows from page) size
left join (select ended_at, position from page order by ended_at desc, position desc limit 1) last
    on size.rows = $5
