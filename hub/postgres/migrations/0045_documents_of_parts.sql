-- A part of an interlinked dossier that starts (17.6) names the copies that its agency gets.

drop trigger fact_documents on fact;
create trigger fact_documents after insert on fact for each row
    when (new.type in ('onestop.copy.registered.v1', 'onestop.copy.certified.v1', 'onestop.dossier.forwarded.v1',
                       'onestop.result.issued.v1', 'onestop.result.corrected.v1', 'onestop.component.reused.v1',
                       'onestop.component.reusable.v1', 'onestop.verification.recorded.v1',
                       'onestop.leg.started.v1'))
    execute function note_documents();
