-- $1 dossier, $2 sealed record, unless a message was folded into it meanwhile
update portal_dossier set record = $2 where dossier = $1 and get_byte(record, 0) = 123
