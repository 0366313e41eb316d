-- $1 adapter, $2 limit
select id, type, subject, time, data, sends
from delivery_report
where adapter = $1 and (state = 'pending' or (state = 'sent' and next_at <= now()))
order by position
limit $2
