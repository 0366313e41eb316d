-- $1 message, $2 dossier, $3 line
insert into portal_line (message, dossier, line) values ($1, $2, $3) on conflict do nothing
