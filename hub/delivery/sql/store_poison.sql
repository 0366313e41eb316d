-- $1 adapter, $2 topic, $3 partition, $4 offset, $5 why, $6 key, $7 headers, $8 value
insert into delivery_poison (adapter, topic, partition, "offset", why, key, headers, value)
values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
on conflict do nothing
returning 1
