-- $1 adapter; then one array per column, in the order of the topic. Returns the ids that are new.
-- $9 is before now and sets the order in which they go out first (null: that of the topic, behind all of these).
insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, next_at, urgent_at)
select $1, m.id, m.dossier, m.sequence, m.type, m.subject, m.time, m.data, least(m.urgent_at, now()),
       least(m.urgent_at, case when m.urgent_at is not null then now() end)
from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::bytea[],
            $9::timestamptz[])
     with ordinality as m (id, dossier, sequence, type, subject, time, data, urgent_at, ordinal)
where not exists (
    select from delivery_mark k
    where k.adapter = $1 and k.dossier = m.dossier and m.sequence > 0 and m.sequence <= k.sequence
)
order by m.ordinal
on conflict do nothing
returning id
