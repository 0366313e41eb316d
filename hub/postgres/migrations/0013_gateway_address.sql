-- Where running gateways are reached: told to new participants, so that what is printed for them can be pasted.

create table gateway_address (
    url     text primary key,
    seen_at timestamptz not null default now()
);
