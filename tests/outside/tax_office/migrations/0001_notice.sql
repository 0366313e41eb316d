-- What the office was told and of whom.
create table tax_office_notice (
    message text primary key,
    dossier text not null,
    taxpayer text not null
);
