-- $1 message, $2 state; the words of a line that is not waiting any more are dropped
update portal_line set state = $2, line = case when $2 = 'waiting' then line end
where message = $1 and state = 'sending'
