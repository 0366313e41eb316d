-- What each participant may take of the disks, what it took, and who is braked.

-- What differs from HUB_BUDGET__*; null is the default.
create table participant_budget (
    participant          text primary key references participant on delete cascade,
    records_per_day      bigint,
    bytes_per_day        bigint,
    uploads_per_day      bigint,
    upload_bytes_per_day bigint,
    letters              bigint,
    letter_bytes         bigint
);

-- Counted unpacked, by day of Viet Nam; kind: events (Kafka and HTTPS alike), uploads.
create table participant_use (
    participant text not null,
    day         date not null,
    kind        text not null check (kind in ('events', 'uploads')),
    records     bigint not null,
    bytes       bigint not null,
    primary key (participant, day, kind)
);

-- Whose requests are nearly all refused or no envelopes. `resumed_until`: an operator lets it go on till then.
create table participant_brake (
    participant   text primary key references participant on delete cascade,
    reason        text not null,
    since         timestamptz not null default now(),
    until         timestamptz not null,
    resumed_until timestamptz
);
