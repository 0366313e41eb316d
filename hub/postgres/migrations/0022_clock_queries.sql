-- What is asked by the clock reads an index and few rows, however many dossiers there are.

create index parked_request_at on parked_request (parked_at);
create index dead_letter_open on dead_letter (received_at) where resolved_at is null;
create index dead_letter_resolved on dead_letter (resolved_at) where resolved_at is not null;
create index redrive_open on redrive (id) where done_at is null;
create index redrive_done on redrive (done_at) where done_at is not null;
create index blocked_message_at on blocked_message (blocked_at);
create index erasure_at on erasure (erased_at);
create index code_block_day on code_block (day);

-- Dossiers whose due time has passed without a result: their timer is gone once it has fired.
create table overdue (
    dossier_id uuid primary key,
    since      timestamptz not null
);

create function note_overdue() returns trigger language plpgsql as $$
begin
    if new.type <> 'onestop.deadline.missed.v1' then
        delete from overdue o where o.dossier_id = new.dossier_id;
    elsif convert_from(new.bytes, 'UTF8')::jsonb #>> '{data,timer}' = 'due' then
        insert into overdue (dossier_id, since) values (new.dossier_id, new.time) on conflict do nothing;
    end if;
    return null;
end;
$$;

create trigger fact_overdue after insert on fact for each row
    when (new.type in ('onestop.deadline.missed.v1', 'onestop.result.issued.v1', 'onestop.dossier.declined.v1',
                       'onestop.dossier.withdrawn.v1', 'onestop.dossier.supplement_requested.v1',
                       'onestop.due.rescheduled.v1'))
    execute function note_overdue();

create function forget_overdue() returns trigger language plpgsql as $$
begin
    delete from overdue o where o.dossier_id = new.dossier_id;
    return null;
end;
$$;

create trigger erasure_overdue after insert on erasure for each row execute function forget_overdue();

insert into overdue (dossier_id, since)
select missed.dossier_id, max(missed.time) from fact missed
where missed.type = 'onestop.deadline.missed.v1'
  and convert_from(missed.bytes, 'UTF8')::jsonb #>> '{data,timer}' = 'due'
  and not exists (
      select from fact ended
      where ended.dossier_id = missed.dossier_id and ended.sequence > missed.sequence
        and ended.type in ('onestop.result.issued.v1', 'onestop.dossier.declined.v1', 'onestop.dossier.withdrawn.v1',
                           'onestop.dossier.supplement_requested.v1', 'onestop.due.rescheduled.v1')
  )
  and not exists (select from erasure e where e.dossier_id = missed.dossier_id)
group by missed.dossier_id;
