-- $1 message: one caller may send it
update portal_line set state = 'sending' where message = $1 and state = 'waiting' returning 1
