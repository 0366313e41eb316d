-- $1 official code, code of the portal, or id
select dossier, record from portal_dossier where code = $1 or portal_code = $1 or dossier = $1 limit 1
