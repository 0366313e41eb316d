-- $1 adapter; then one array per column, in the order of the topic. Returns the ids that are new.
insert into delivery (adapter, id, dossier, sequence, type, subject, time, data)
select $1, m.id, m.dossier, m.sequence, m.type, m.subject, m.time, m.data
from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::bytea[])
     with ordinality as m (id, dossier, sequence, type, subject, time, data, ordinal)
where not exists (
    select from delivery_mark k
    where k.adapter = $1 and k.dossier = m.dossier and m.sequence > 0 and m.sequence <= k.sequence
)
order by m.ordinal
on conflict do nothing
returning id
