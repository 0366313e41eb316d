-- Agencies to which dossiers were handed on and for which no participant speaks: nobody told them. For operators.
create table unheard_agency (
    agency   text primary key,
    dossiers bigint not null,
    dossier  uuid not null,
    first_at timestamptz not null default now(),
    last_at  timestamptz not null default now()
);
