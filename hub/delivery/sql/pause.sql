-- $1 adapter, $2 why, $3 who
insert into delivery_pause (adapter, why, paused_by) values ($1, $2, $3)
on conflict (adapter) do nothing
returning 1
