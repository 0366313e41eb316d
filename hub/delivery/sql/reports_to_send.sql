-- $1 adapter, $2 limit
select adapter, id, type, subject, trunc(extract(epoch from time) * 1000000)::text as time, data, sends, mac
from delivery_report
where adapter = $1 and (state = 'pending' or (state = 'sent' and next_at <= now()))
order by position
limit $2
