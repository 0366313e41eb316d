-- Participants that come over HTTPS: what they show at the door, what they uploaded, where they want to be called.

create table http_participant (
    name       text primary key references participant on delete cascade,
    created_at timestamptz not null default now()
);

-- SHA-256 of a token, or of a client certificate in DER; the token itself is stored nowhere.
create table http_credential (
    fingerprint bytea primary key,
    kind        text not null check (kind in ('token', 'certificate')),
    participant text not null references http_participant on delete cascade,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz
);
create index http_credential_participant on http_credential (participant);

create table document_owner (
    participant text not null references http_participant on delete cascade,
    sha256      bytea not null,
    stored_at   timestamptz not null default now(),
    primary key (participant, sha256)
);

-- `positions` holds the next offset of each partition of out.<participant>; it moves after the receiver's 2xx.
create table webhook (
    participant text primary key references http_participant on delete cascade,
    url         text not null,
    secret      text not null,
    positions   bigint[] not null,
    created_at  timestamptz not null default now()
);
