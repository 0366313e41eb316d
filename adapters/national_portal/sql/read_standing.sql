-- $1 dossier, $2 message
select d.record, d.folded, d.synced, d.tried, d.is_insert, d.is_there, l.state, l.line
from portal_dossier d left join portal_line l on l.message = $2
where d.dossier = $1
