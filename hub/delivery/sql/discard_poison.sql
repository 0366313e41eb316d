-- $1 adapter, $2 topic, $3 partition, $4 offset
delete from delivery_poison where adapter = $1 and topic = $2 and partition = $3 and "offset" = $4 returning 1
