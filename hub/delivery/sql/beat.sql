-- $1 adapter, $2 nothing may be called now, $3 seconds without a beat after which no process was there, $4 what holds
-- calls back, for operators.
-- Notes the time since the last beat as a hold in these two cases; what joins the last hold makes it longer.
with before as (
    select seen_at, $2 or seen_at < now() - make_interval(secs => $3) as is_held from delivery_beat where adapter = $1
), longer as (
    update delivery_hold h set ended_at = now() from before b
    where b.is_held and h.adapter = $1 and h.ended_at = b.seen_at
    returning 1
), begun as (
    insert into delivery_hold (adapter, began_at, ended_at)
    select $1, b.seen_at, now() from before b where b.is_held and not exists (select from longer)
    on conflict do nothing
), old as (
    delete from delivery_hold where adapter = $1 and ended_at < now() - interval '90 days'
)
insert into delivery_beat as b (adapter, seen_at, gate, gate_since) values ($1, now(), $4, now())
on conflict (adapter) do update set seen_at = excluded.seen_at, gate = excluded.gate,
    gate_since = case when b.gate = excluded.gate then b.gate_since else excluded.gate_since end
