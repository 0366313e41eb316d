-- What the portal adapter keeps beside its deliveries; re-runnable: a store of an earlier version has them. Nothing here outlives `record_days` after the end.

create table if not exists portal_dossier (
    dossier     text        primary key,
    code        text,
    -- the portal's own code of a dossier that was lodged there
    portal_code text,
    -- highest sequence in the record
    folded      bigint      not null,
    -- highest sequence that the portal has acknowledged
    synced      bigint      not null default 0,
    -- a sync that was begun and whose end is not known: up to which sequence, and whether as insert
    tried       bigint,
    is_insert   boolean     not null default false,
    is_there    boolean     not null default false,
    -- sealed: personal data
    record      bytea       not null,
    ended_at    timestamptz
);

create index if not exists portal_dossier_code on portal_dossier (code) where code is not null;
create index if not exists portal_dossier_portal_code on portal_dossier (portal_code) where portal_code is not null;
create index if not exists portal_dossier_ended on portal_dossier (ended_at) where ended_at is not null;

-- one progress line per message: never sent twice, so it is marked before it is sent
create table if not exists portal_line (
    message text primary key,
    dossier text not null references portal_dossier (dossier) on delete cascade,
    state   text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'refused', 'unsure')),
    -- sealed, and only until it is sent
    line    bytea
);

create index if not exists portal_line_dossier on portal_line (dossier);

-- dossiers lodged on the portal, by our request: what makes its code known when the dossier is there
create table if not exists portal_lodging (
    request   text        primary key,
    code      text        not null,
    -- keyed; empty once the dossier is erased
    digest    bytea       not null,
    lodged_at timestamptz not null default now()
);
