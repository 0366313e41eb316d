-- $1 adapter, $2 id of the delivery, $3..$8 report (id, type, subject, time, data, check; id null: none)
with done as (
    update delivery set is_report_due = false, report_id = $3
    where adapter = $1 and id = $2 and is_report_due
    returning 1
), turn as materialized (
    select pg_advisory_xact_lock(4717, hashtext($1 || ' ' || $5) & 255) from done where $3::text is not null
), reported as (
    insert into delivery_report (adapter, id, type, subject, time, data, mac)
    select $1, $3, $4, $5, $6, $7, $8 from turn
    on conflict do nothing
)
select count(*) from done
