-- $1 adapter
select cursor from delivery_cursor where adapter = $1
