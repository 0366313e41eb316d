-- $1 adapter, $2 id, $3 lease token, $4 final state, $5 outcome, $6 report is due,
-- $7..$12 report (id, type, subject, time, data, check; id null: none). Outcome and report are one statement.
with done as (
    update delivery
    set state = $4, outcome = $5::jsonb, lease_token = null, is_doubtful = false, ended_at = now(),
        is_report_due = $6, report_id = $7
    where adapter = $1 and id = $2 and state = 'leased' and lease_token = $3
    returning 1
), turn as materialized (
    select pg_advisory_xact_lock(4717, hashtext($1 || ' ' || $9) & 255) from done where $7::text is not null
), reported as (
    insert into delivery_report (adapter, id, type, subject, time, data, mac)
    select $1, $7, $8, $9, $10, $11, $12 from turn
    on conflict do nothing
)
select count(*) from done
