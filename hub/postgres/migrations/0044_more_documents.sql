-- Facts of verifications and of corrected results name documents too (17.3.b, 21.1): unwatched, theirs would be taken
-- for documents that nobody names, and deleted.

drop trigger fact_documents on fact;
create trigger fact_documents after insert on fact for each row
    when (new.type in ('onestop.copy.registered.v1', 'onestop.copy.certified.v1', 'onestop.dossier.forwarded.v1',
                       'onestop.result.issued.v1', 'onestop.result.corrected.v1', 'onestop.component.reused.v1',
                       'onestop.component.reusable.v1', 'onestop.verification.recorded.v1'))
    execute function note_documents();

insert into document_use (sha256, dossier_id, is_read)
select named, f.dossier_id, false
from fact f, documents_named(f.bytes) named
where f.type in ('onestop.result.corrected.v1', 'onestop.verification.recorded.v1')
group by named, f.dossier_id
on conflict (sha256, dossier_id) do nothing;
