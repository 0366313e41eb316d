-- Which dossiers name which stored documents: a document that nobody names any more is deleted (hub/stored_documents.py).

-- A package lists its files inside; until they were read out of it, it is not known what else the dossier names.
create table document_use (
    sha256     bytea not null,
    dossier_id uuid not null,
    is_read    boolean not null,
    primary key (sha256, dossier_id)
);
create index document_use_dossier on document_use (dossier_id);
create index document_use_unread on document_use (sha256) where not is_read;

-- `previous` is a SHA-256 too, so the name of the field counts. What is sealed is Base64 and never looks like this.
create function documents_named(fact bytea) returns setof bytea language sql immutable as $$
    select distinct decode(found[1], 'hex')
    from regexp_matches(convert_from(fact, 'UTF8'), '"(?:package|digest)":"([0-9a-f]{64})"', 'g') found
$$;

-- A registered copy names its files in the fact itself; of a result or a reused paper only the package is named.
create function note_documents() returns trigger language plpgsql as $$
begin
    insert into document_use (sha256, dossier_id, is_read)
    select named, new.dossier_id, starts_with(new.type, 'onestop.copy.') from documents_named(new.bytes) named
    on conflict (sha256, dossier_id) do nothing;
    return null;
end;
$$;

create trigger fact_documents after insert on fact for each row
    when (new.type in ('onestop.copy.registered.v1', 'onestop.copy.certified.v1', 'onestop.dossier.forwarded.v1',
                       'onestop.result.issued.v1', 'onestop.component.reused.v1', 'onestop.component.reusable.v1'))
    execute function note_documents();

insert into document_use (sha256, dossier_id, is_read)
select named, f.dossier_id, bool_or(starts_with(f.type, 'onestop.copy.'))
from fact f, documents_named(f.bytes) named
where f.type in ('onestop.copy.registered.v1', 'onestop.copy.certified.v1', 'onestop.dossier.forwarded.v1',
                 'onestop.result.issued.v1', 'onestop.component.reused.v1', 'onestop.component.reusable.v1')
group by named, f.dossier_id;

-- When all documents were last looked at; that takes long, so it is not done with every sweep.
alter table retention_run add column documents_at timestamptz;

-- Who this hub is in its folder or bucket of documents: no other hub's documents may be taken for unnamed ones.
create table document_store (
    is_only boolean primary key default true check (is_only),
    hub     uuid not null default gen_random_uuid()
);
insert into document_store default values;
