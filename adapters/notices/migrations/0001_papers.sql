-- Which stored document is the form of a fact that an applicant is told of: attached to the e-mail, no address beside it.

create table if not exists notices_paper (
    dossier   text        not null,
    fact      text        not null,
    issued_at timestamptz not null,
    form      text        not null,
    digest    text        not null,
    kept_at   timestamptz not null default now(),
    primary key (dossier, fact, issued_at)
);
create index if not exists notices_paper_kept on notices_paper (kept_at);
