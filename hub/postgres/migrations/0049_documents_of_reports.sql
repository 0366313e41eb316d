-- Answers on paper (17.3.b) and reports of the regulation name documents too: unwatched, theirs would be taken for
-- documents that nobody names, and deleted. A report is no package that lists files.

create or replace function note_documents() returns trigger language plpgsql as $$
begin
    insert into document_use (sha256, dossier_id, is_read)
    select named, new.dossier_id, starts_with(new.type, 'onestop.copy.')
        or new.type in ('onestop.form.made.v1', 'onestop.report.made.v1', 'onestop.report.mailing.v1')
    from documents_named(new.bytes) named
    on conflict (sha256, dossier_id) do nothing;
    return null;
end;
$$;

drop trigger fact_documents on fact;
create trigger fact_documents after insert on fact for each row
    when (new.type in ('onestop.copy.registered.v1', 'onestop.copy.certified.v1', 'onestop.dossier.forwarded.v1',
                       'onestop.result.issued.v1', 'onestop.result.corrected.v1', 'onestop.component.reused.v1',
                       'onestop.component.reusable.v1', 'onestop.verification.recorded.v1',
                       'onestop.leg.started.v1', 'onestop.form.made.v1', 'onestop.opinion.given.v1',
                       'onestop.report.made.v1', 'onestop.report.mailing.v1'))
    execute function note_documents();
