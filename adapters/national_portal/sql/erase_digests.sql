-- $1 dossiers: what was lodged is told from a repeat by a digest; without one every repeat is another dossier
update portal_lodging l set digest = '' from alias a
where a.dossier_id = any($1::text[]::uuid[]) and a.alias = 'ref:portal:' || l.code and l.digest <> ''
