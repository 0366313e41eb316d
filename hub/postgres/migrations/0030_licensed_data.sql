-- What ends of the licensed data is found by an index, however many deliveries there are.

-- The day in the text of the end; the moment itself is compared in the statement, since a cast is not immutable.
create index delivery_licensed on delivery (left(outcome #>> '{answer,person_data,usable_until}', 10))
    where outcome #>> '{answer,person_data,usable_until}' is not null;
create index delivery_report_licensed on delivery_report (position)
    where type = 'onestop.person_data.report.v1' and state = 'confirmed' and data <> '';

-- What is held of erased dossiers.
create index delivery_dossier on delivery (dossier);
create index delivery_report_subject on delivery_report (subject) where state = 'confirmed' and data <> '';
create index delivery_poison_key on delivery_poison using hash (key);
