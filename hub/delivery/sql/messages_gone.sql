-- $1 adapter: how many messages were gone before they were read, until they are replayed
select least(greatest(coalesce(sum(next::numeric - first), 0), 0), 9223372036854775807)::bigint from delivery_gap where adapter = $1
