-- $1 adapter, $2 topic, $3 partition, $4 first offset that is gone, $5 first one that is there
insert into delivery_gap (adapter, topic, partition, first, next) values ($1, $2, $3, $4, $5)
on conflict do nothing
