-- From this one seed come the keys of all days from `day` on (hub/facts/term_keys.py). Moving it on destroys those before.
create table term_seed (
    is_only boolean primary key default true check (is_only),
    day     date not null,
    wrapped bytea not null
);
