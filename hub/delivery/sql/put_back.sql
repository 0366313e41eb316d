-- $1 adapter, $2 id, $3 lease token, $4 pending or unknown, $5 delay (s), $6 outcome, $7 the doubt begins now.
-- $8 nothing was called: neither the attempt nor the time until then counts.
-- An operator's decision is acted on at once and consumed by the step back to pending.
with done as (
    update delivery
    set state = $4, lease_token = null, outcome = $6::jsonb,
        next_at = now() + case when decision is null then make_interval(secs => $5) else interval '0' end,
        is_doubtful = $4 = 'unknown',
        attempts = attempts - case when $8 and attempts > 0 then 1 else 0 end,
        first_at = first_at + case when $8 then make_interval(secs => $5) else interval '0' end,
        doubt_at = case when $4 = 'pending' then null when $7 then now() else doubt_at end,
        decision = case when $4 = 'unknown' then decision end
    where adapter = $1 and id = $2 and state = 'leased' and lease_token = $3
    returning 1
)
select count(*) from done
