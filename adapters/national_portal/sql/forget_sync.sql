-- $1 dossier: what was begun had no effect
update portal_dossier set tried = null where dossier = $1
