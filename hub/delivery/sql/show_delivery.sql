-- $1 adapter, $2 id: the delivery and what became of its report
select d.adapter, d.id, d.dossier, d.subject, d.sequence, d.type, d.time, d.data, d.attempts, d.queries, d.first_at,
       greatest(d.next_at, d.first_at) as next_at, d.doubt_at, d.ended_at, d.outcome::text as outcome, d.decision, d.decided_by, d.decided_at,
       case when d.is_doubtful and d.state in ('unknown', 'leased') then 'unknown' else d.state end as state,
       d.report_id, r.state as report_state, r.refusal as report_refusal
from delivery d
left join delivery_report r on r.adapter = d.adapter and r.id = d.report_id
where d.adapter = $1 and d.id = $2
