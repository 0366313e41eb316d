-- $1 adapter: how many messages were gone before they were read, until they are replayed
select coalesce(sum(next - first), 0)::bigint from delivery_gap where adapter = $1
