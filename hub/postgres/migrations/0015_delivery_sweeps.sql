-- Sweeps go through the delivery tables in pages, in the order of these indexes; counting and late reports read only
-- what somebody has to deal with. On a large table this takes minutes, in which adapters wait.

drop index if exists delivery_ended;
create index if not exists delivery_over on delivery (adapter, ended_at, position) where ended_at is not null;
create index if not exists delivery_dead on delivery (adapter, position) where state = 'dead' or is_report_due;
create index if not exists delivery_reported on delivery (adapter, report_id) where report_id is not null;
create index if not exists delivery_report_over on delivery_report (adapter, confirmed_at, position)
    where confirmed_at is not null;
create index if not exists delivery_poison_over on delivery_poison (adapter, stored_at, topic, partition, "offset");

-- When a process of the adapter last looked after its deliveries, and times in which none could be called: paused, in a
-- maintenance window, or no process was there. They do not count as time without effect.
create table if not exists delivery_beat (
    adapter text        primary key,
    seen_at timestamptz not null
);

create table if not exists delivery_hold (
    adapter  text        not null,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    primary key (adapter, began_at)
);

-- Messages of out.<adapter> that were gone from the log before they were read, until an operator replays them.
create table if not exists delivery_gap (
    adapter   text        not null,
    topic     text        not null,
    partition integer     not null,
    first     bigint      not null,
    next      bigint      not null,
    seen_at   timestamptz not null default now(),
    primary key (adapter, topic, partition, next)
);
