-- The hub's state. One transaction of write_batch touches most of it; see docs/flow.md.

create table participant (
    name          text primary key,
    roles         text[] not null,
    organisations text[] not null,
    partitions    int not null,
    registered_at timestamptz not null default now()
);

-- One row a kind of configuration; engines compare it at each read and reload when it moved.
create table configuration_version (
    kind    text primary key,
    version bigint not null default 1
);
insert into configuration_version (kind) values ('participants'), ('clock'), ('offsets');

-- Legal time = time of receipt + the offset of the last step at or before it (only in environment `test`).
create table clock_step (
    from_time timestamptz primary key,
    shift     interval not null
);

create table intake_offset (
    topic       text not null,
    partition   int not null,
    topic_id    text not null,
    next        bigint not null,
    batch       uuid,
    starts      int not null default 0, -- processes that began to work at `next` since it last moved
    probing     bigint,                 -- the record that is, or was last, touched alone
    marks       int not null default 0, -- processes that touched it alone
    probe_until bigint,                 -- records before it are taken alone: processes died in this range
    stopped     text,                   -- the gap that an operator has to accept
    goes_on     bigint,                 -- where reading goes on behind a corrupt range, once it is accepted
    primary key (topic, partition)
) with (fillfactor = 50);

create table dossier (
    id       uuid primary key,
    head     bytea,
    sequence int not null,
    parked   int not null default 0,
    state    bytea,
    private  bytea -- personal data that rules need later, sealed with the dossier's key
) with (fillfactor = 70);

create table dossier_key (
    dossier_id uuid primary key,
    wrapped    bytea not null
);

create table alias (
    alias      text primary key,
    dossier_id uuid not null
);
create index alias_code on alias (dossier_id) where alias like 'code:%';

create table inbox (
    participant text not null,
    id          text not null,
    digest      bytea not null,
    receipt     bytea,
    dossier_id  uuid,
    primary key (participant, id)
) partition by hash (participant, id);
create table inbox_0 partition of inbox for values with (modulus 4, remainder 0);
create table inbox_1 partition of inbox for values with (modulus 4, remainder 1);
create table inbox_2 partition of inbox for values with (modulus 4, remainder 2);
create table inbox_3 partition of inbox for values with (modulus 4, remainder 3);

create table fact (
    dossier_id uuid not null,
    sequence   int not null,
    id         uuid not null,
    type       text not null,
    time       timestamptz not null,
    bytes      bytea not null,
    hash       bytea not null,
    primary key (dossier_id, sequence)
);
create index fact_time on fact using brin (time);

create table timer (
    dossier_id uuid not null,
    name       text not null,
    kind       text not null,
    due_at     timestamptz not null,
    shard      int not null,
    fired_at   timestamptz,
    fires      int not null default 0,
    primary key (dossier_id, name)
);
create index timer_due on timer (shard, due_at);

-- Messages of one batch for one shard; the row lives until they are published (it may hold personal data).
create table segment (
    id      bigint generated always as identity primary key,
    shard   int not null,
    payload bytea not null
);
create index segment_shard on segment (shard, id);
alter table segment alter column payload set storage external; -- compressing what lives for a moment costs a fifth

create table blocked_message (
    id      bigint generated always as identity primary key,
    topic   text not null,
    shard   int not null,
    payload bytea not null
);
create index blocked_message_topic on blocked_message (topic, shard, id);

create table dead_letter (
    id          bigint generated always as identity primary key,
    topic       text not null,
    partition   int not null,
    at_offset   bigint not null,
    received_at timestamptz not null,
    reason      text not null,
    record      bytea not null,
    resolved_at timestamptz,
    unique (topic, partition, at_offset)
);

create table parked_request (
    position    bigint generated always as identity primary key,
    dossier_id  uuid not null,
    participant text not null,
    request_id  text not null,
    reason      text not null,
    record      bytea not null,
    parked_at   timestamptz not null default now()
);
create index parked_request_dossier on parked_request (dossier_id, position);

create table redrive (
    id           bigint generated always as identity primary key,
    dossier_id   uuid not null,
    operator     text not null,
    reason       text not null,
    requested_at timestamptz not null default now(),
    done_at      timestamptz,
    outcome      text
);

create table code_block (
    unit text not null,
    day  date not null,
    next int not null,
    primary key (unit, day)
);

-- One row a living engine, renewed every second; the number of fresh rows divides the shards. `backend` is the session
-- that holds its shard locks: when the engine is silent for long, others end that session and take its shards over.
create table engine (
    instance text primary key,
    backend  int not null,
    seen_at  timestamptz not null
);
