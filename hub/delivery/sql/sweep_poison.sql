-- $1 adapter, $2 days
with gone as (
    delete from delivery_poison where adapter = $1 and stored_at < now() - make_interval(days => $2)
    returning 1
)
select count(*) from gone
