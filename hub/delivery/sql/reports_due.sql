-- $1 adapter: finished deliveries whose report could not be made
select id, type, dossier, subject, sequence, time, data, state, outcome::text as outcome, ended_at
from delivery
where adapter = $1 and is_report_due
order by position
