-- $1 adapter
select exists (select from delivery_pause where adapter = $1)
