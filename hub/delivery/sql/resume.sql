-- $1 adapter
delete from delivery_pause where adapter = $1 returning 1
