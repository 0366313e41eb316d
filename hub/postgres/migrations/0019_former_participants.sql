-- Names of participants that were removed: their topics, receipts and references are still there, so a name goes to
-- nobody but the organisation that had it.
create table former_participant (
    name          text primary key,
    roles         text[] not null,
    organisations text[] not null,
    removed_at    timestamptz not null default now()
);
