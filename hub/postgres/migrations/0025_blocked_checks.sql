-- A message that was set aside carries a check (hub/facts/integrity.py); one without is known to be altered, and not sent.
do $$
begin
    if exists (select from blocked_message) then
        raise exception 'messages of blocked topics wait without checks: let the version before publish them first';
    end if;
end
$$;

alter table blocked_message add column mac bytea; -- of topic, shard and payload

-- Limits that cannot be are not stored; what is there already is read as the default.
alter table participant_budget add constraint participant_budget_limits check (
    least(records_per_day, bytes_per_day, uploads_per_day, upload_bytes_per_day) > 0
    and least(letters, letter_bytes) >= 0
) not valid;
alter table participant_brake add constraint participant_brake_until check (isfinite(until)) not valid;
