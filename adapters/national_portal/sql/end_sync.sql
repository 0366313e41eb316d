-- $1 dossier, $2 sequence: the portal has acknowledged it
update portal_dossier set synced = greatest(synced, $2), tried = null, is_there = true where dossier = $1
