-- $1 adapter; then one array per column, in the counterpart's order. Returns the ids that are new.
-- Reports of one subject get their positions in the order of their commits: who draws one waits for who has drawn one
-- and is not committed yet. Who reads up to a position has then seen all that stand before it (as in `finish` and
-- `attach_report`).
with report as materialized (
    select *, hashtext($1 || ' ' || subject) & 255 as key
    from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::bytea[])
         with ordinality as r (id, type, subject, time, data, mac, ordinal)
), turn as materialized (
    select count(pg_advisory_xact_lock(4717, key)::text) as held
    from (select distinct key from report order by key) keys
)
insert into delivery_report (adapter, id, type, subject, time, data, mac)
select $1, r.id, r.type, r.subject, r.time, r.data, r.mac
from turn join report r on turn.held >= 0
order by r.ordinal
on conflict do nothing
returning id
