-- $1 dossier, $2 sequence, $3 as insert
update portal_dossier set tried = $2, is_insert = $3 where dossier = $1
