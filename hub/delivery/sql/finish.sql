-- $1 adapter; then one array per column: $2 id, $3 lease token, $4 final state, $5 outcome, $6 report is due,
-- $7..$12 report (id, type, subject, time, data, check; id null: none). Outcomes and reports are one statement.
-- Returns the ids whose lease was still held. Rows are found as in `mark_sent`, reports get their positions as in
-- `store_reports`.
with ended as materialized (
    select *, hashtext($1 || ' ' || subject) & 255 as key
    from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::text[],
                $10::timestamptz[], $11::bytea[], $12::bytea[])
         with ordinality as e (id, token, state, outcome, is_due, report_id, type, subject, time, data, mac, ordinal)
), held as (
    select d.id from delivery d join ended e on e.id = d.id and e.token = d.lease_token
    where d.adapter = $1 and d.id = any($2::text[]) and d.state is not distinct from 'leased'
    order by d.id for update of d
), done as (
    update delivery d
    set state = e.state, outcome = e.outcome::jsonb, lease_token = null, is_doubtful = false, ended_at = now(),
        is_report_due = e.is_due, report_id = e.report_id
    from held h join ended e on e.id = h.id
    where d.adapter = $1 and d.id = any($2::text[]) and d.id = h.id
    returning d.id
), reported as materialized (
    select e.* from done join ended e on e.id = done.id where e.report_id is not null
), turn as materialized (
    select count(pg_advisory_xact_lock(4717, key)::text) as held
    from (select distinct key from reported order by key) keys
), stored as (
    insert into delivery_report (adapter, id, type, subject, time, data, mac)
    select $1, r.report_id, r.type, r.subject, r.time, r.data, r.mac
    from turn join reported r on turn.held >= 0
    order by r.ordinal
    on conflict do nothing
)
select id from done
