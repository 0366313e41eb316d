-- Tables of the delivery runtime; an adapter of 0.1.0 has made them already. Clock of leases and pauses: the database's.

create table if not exists delivery (
    adapter       text        not null,
    id            text        not null,
    dossier       text        not null,
    sequence      bigint      not null,
    position      bigint      generated always as identity,
    type          text        not null,
    subject       text        not null,
    time          timestamptz not null,
    data          bytea       not null,
    state         text        not null default 'pending'
                  check (state in ('pending', 'leased', 'unknown', 'delivered', 'rejected', 'dead')),
    attempts      integer     not null default 0,
    queries       integer     not null default 0,
    first_at      timestamptz not null default now(),
    -- when the row may be leased; of a leased row: the end of its lease
    next_at       timestamptz not null default now(),
    lease_token   uuid,
    -- an effect may have happened at the counterpart: ask before sending again
    is_doubtful   boolean     not null default false,
    -- the latest time at which the doubtful request may still have been under way
    doubt_at      timestamptz,
    outcome       jsonb,
    ended_at      timestamptz,
    report_id     text,
    -- the adapter could not say what to report (a bug); done again at the next start
    is_report_due boolean     not null default false,
    decision      text        check (decision in ('confirm', 'resend', 'give_up')),
    decided_by    text,
    decided_at    timestamptz,
    primary key (adapter, id)
);

-- tables of 0.1.0 know two decisions
do $$
begin
    if not exists (
        select from pg_constraint
        where conrelid = 'delivery'::regclass and conname = 'delivery_decision_check'
          and pg_get_constraintdef(oid) like '%give_up%'
    ) then
        alter table delivery drop constraint if exists delivery_decision_check;
        alter table delivery add constraint delivery_decision_check
            check (decision in ('confirm', 'resend', 'give_up'));
    end if;
end
$$;

create index if not exists delivery_order on delivery (adapter, dossier, sequence, position)
    where state in ('pending', 'leased', 'unknown');
drop index if exists delivery_due;  -- of 0.1.0, without the position: a lease sorted all rows of one moment
create index if not exists delivery_next on delivery (adapter, next_at, position)
    where state in ('pending', 'leased', 'unknown');
create index if not exists delivery_ended on delivery (adapter, ended_at) where ended_at is not null;

-- highest sequence per dossier whose row was deleted after its retention: a replay below it is a repeat
create table if not exists delivery_mark (
    adapter  text   not null,
    dossier  text   not null,
    sequence bigint not null,
    primary key (adapter, dossier)
);

create table if not exists delivery_report (
    adapter      text        not null,
    id           text        not null,
    position     bigint      generated always as identity,
    type         text        not null,
    subject      text        not null,
    time         timestamptz not null,
    data         bytea       not null,
    state        text        not null default 'pending' check (state in ('pending', 'sent', 'confirmed')),
    sends        integer     not null default 0,
    created_at   timestamptz not null default now(),
    next_at      timestamptz not null default now(),
    confirmed_at timestamptz,
    refusal      text,
    primary key (adapter, id)
);

create index if not exists delivery_report_open on delivery_report (adapter, position)
    where state <> 'confirmed';

create table if not exists delivery_cursor (
    adapter    text        primary key,
    cursor     text        not null,
    changed_at timestamptz not null default now()
);

create table if not exists delivery_pause (
    adapter   text        primary key,
    why       text        not null,
    paused_by text        not null,
    paused_at timestamptz not null default now()
);

-- bytes on out.<adapter> that are no message: kept raw for an operator
create table if not exists delivery_poison (
    adapter   text        not null,
    topic     text        not null,
    partition integer     not null,
    "offset"  bigint      not null,
    why       text        not null,
    key       bytea,
    headers   jsonb       not null,
    value     bytea,
    stored_at timestamptz not null default now(),
    primary key (adapter, topic, partition, "offset")
);
