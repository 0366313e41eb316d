-- some, to see whether the key fits
select dossier, record from portal_dossier limit 20
