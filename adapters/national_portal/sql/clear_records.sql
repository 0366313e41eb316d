-- records that an earlier version kept in clear: their first byte is the brace of JSON
select dossier as id, record as content from portal_dossier where get_byte(record, 0) = 123 limit 500
