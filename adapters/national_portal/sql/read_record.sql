-- $1 dossier; locks it against another fold
select record, folded from portal_dossier where dossier = $1 for update
