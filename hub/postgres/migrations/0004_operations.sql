-- What operators did, and how long things are kept.

alter table dead_letter add column dropped_at timestamptz; -- nobody resolved it in time: its bytes were deleted
alter table blocked_message add column blocked_at timestamptz not null default now();
create index dead_letter_received on dead_letter (received_at) where resolved_at is null and dropped_at is null;

-- Dossiers whose key was destroyed. Their row in `dossier` has parked = -1, which no batch expects: whoever decided
-- with the key before misses when it writes.
create table erasure (
    dossier_id uuid primary key,
    operator   text not null,
    reason     text not null,
    erased_at  timestamptz not null default now()
);

create table operator_action (
    id       bigint generated always as identity primary key,
    at       timestamptz not null default now(),
    operator text not null,
    action   text not null,
    target   text not null,
    reason   text not null
);

-- One row: when the last sweep of whatever engine ended.
create table retention_run (
    is_only  boolean primary key default true check (is_only),
    ended_at timestamptz not null
);

insert into configuration_version (kind) values ('operations'); -- engines forget opened keys when it moves
