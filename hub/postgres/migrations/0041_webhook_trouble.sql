-- Webhooks whose last call was not taken: for operators, who see no gateway's memory. Gone with the first that is taken.
create table webhook_trouble (
    participant text primary key references webhook on delete cascade,
    outcome     text not null,
    calls       bigint not null default 1,
    since       timestamptz not null default now()
);
