-- $1 adapter, $2 id, $3 seconds until it is sent again without a receipt
update delivery_report
set state = 'sent', sends = least(sends::bigint + 1, 2147483647), next_at = now() + make_interval(secs => $3)
where adapter = $1 and id = $2 and state <> 'confirmed'
