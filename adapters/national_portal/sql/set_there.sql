-- $1 dossier, $2 whether the portal has it; without it nothing is synced
update portal_dossier set is_there = $2, synced = case when $2 then synced else 0 end where dossier = $1
