-- $1 adapter; then one array per column, in the counterpart's order. Returns the ids that are new.
insert into delivery_report (adapter, id, type, subject, time, data, mac)
select $1, r.id, r.type, r.subject, r.time, r.data, r.mac
from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::bytea[])
     with ordinality as r (id, type, subject, time, data, mac, ordinal)
order by r.ordinal
on conflict do nothing
returning id
