-- $1 dossier, $2 code, $3 code of the portal, $4 sequence, $5 record, $6 whether nothing more is expected
insert into portal_dossier (dossier, code, portal_code, folded, record, ended_at, is_there)
values ($1, $2, $3, $4, $5, case when $6 then now() end, $3::text is not null)
on conflict (dossier) do update
set code = excluded.code, folded = excluded.folded, record = excluded.record, ended_at = excluded.ended_at
