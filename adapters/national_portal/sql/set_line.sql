-- $1 message, $2 sealed line
update portal_line set line = $2 where message = $1 and get_byte(line, 0) = 123
