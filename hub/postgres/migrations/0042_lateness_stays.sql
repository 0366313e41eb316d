-- A late Form 04 moves the appointment, not the time by which delay counts: the dossier stays overdue (17.9).

create or replace function note_overdue() returns trigger language plpgsql as $$
begin
    if new.type = 'onestop.due.rescheduled.v1'
        and convert_from(new.bytes, 'UTF8')::jsonb #>> '{data,measured_due_at}' is not null then
        return null;
    end if;
    if new.type <> 'onestop.deadline.missed.v1' then
        delete from overdue o where o.dossier_id = new.dossier_id;
    elsif convert_from(new.bytes, 'UTF8')::jsonb #>> '{data,timer}' = 'due' then
        insert into overdue (dossier_id, since) values (new.dossier_id, new.time) on conflict do nothing;
    end if;
    return null;
end;
$$;
