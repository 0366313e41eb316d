-- Sweeps go through the delivery tables in pages, in the order of these indexes; counting and late reports read only
-- what somebody has to deal with. On a large table this takes minutes, in which adapters wait.

drop index if exists delivery_ended;
create index if not exists delivery_over on delivery (adapter, ended_at, position) where ended_at is not null;
create index if not exists delivery_dead on delivery (adapter, position) where state = 'dead' or is_report_due;
create index if not exists delivery_reported on delivery (adapter, report_id) where report_id is not null;
create index if not exists delivery_report_over on delivery_report (adapter, confirmed_at, position)
    where confirmed_at is not null;
create index if not exists delivery_poison_over on delivery_poison (adapter, stored_at, topic, partition, "offset");
