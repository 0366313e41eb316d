-- The one read of a batch, without locks: what the ids of the batch were answered, which dossiers its subjects name,
-- their states, and the versions of the configuration.
create function read_batch(participants text, ids text, aliases text, dossiers text)
returns table (
    kind text, text_key text, text_id text, uuid_key uuid, head bytea, number bigint, parked int, state bytea, wrapped bytea,
    private bytea
)
language sql stable
as $$
    select 'inbox', i.participant, i.id, i.dossier_id, i.digest, null::bigint, null::int, i.receipt, null::bytea, null::bytea
    from unnest(cut(participants), cut(ids)) w(participant, id)
    join inbox i on i.participant = w.participant and i.id = w.id
    union all
    select 'alias', a.alias, null, a.dossier_id, d.head, d.sequence, d.parked, d.state, k.wrapped, d.private
    from alias a join dossier d on d.id = a.dossier_id left join dossier_key k on k.dossier_id = d.id
    where a.alias = any(cut(aliases))
    union all
    select 'dossier', null, null, d.id, d.head, d.sequence, d.parked, d.state, k.wrapped, d.private
    from dossier d left join dossier_key k on k.dossier_id = d.id
    where d.id = any(cut(dossiers)::uuid[])
    union all
    select 'version', c.kind, null, null, null, c.version, null, null, null, null from configuration_version c
$$;
