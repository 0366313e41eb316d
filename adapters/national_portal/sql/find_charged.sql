-- $1 official code or id: what a payment's number names, never a code of the portal
select dossier, record from portal_dossier where code = $1 or dossier = $1 limit 5
