-- Papers that could not be made: each waits for an operator, the fact that issued it stands.

create table typesetter_parked (
    fact_id       uuid not null,
    form          text not null,
    for_applicant boolean not null,
    dossier_id    uuid not null,
    reason        text not null, -- of the renderer or the template; nothing personal
    since         timestamptz not null default now(),
    tries         int not null default 1,
    is_wanted     boolean not null default false, -- an operator has it made again
    primary key (fact_id, form, for_applicant)
);
create index typesetter_parked_dossier on typesetter_parked (dossier_id);
