-- $1 adapter. What has waited long enough to be tried again goes back to the place that its urgency gives it.
update delivery d set next_at = d.urgent_at
from (
    select w.id from delivery w
    where w.adapter = $1 and w.state = 'pending' and w.next_at > w.urgent_at and w.next_at <= now()
    for update skip locked
) due
where d.adapter = $1 and d.id = due.id
