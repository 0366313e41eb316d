-- Organisations and officers as operators import them: every edition whole, the newest of a register counts.

create table register_edition (
    register    text not null,
    number      bigint not null,
    content     bytea not null,
    operator    text not null,
    reason      text not null,
    imported_at timestamptz not null default now(),
    mac         bytea,
    primary key (register, number)
);
