-- $1 adapter, $2 ids of new messages, $3 outcome: what came when its dossier was erased already is not sent, and not kept.
-- A dossier that still has its key is not erased, whatever stands in the table of erasures.
update delivery d set state = 'rejected', outcome = $3::jsonb, ended_at = now(), data = ''
from erasure e
where d.adapter = $1 and d.id = any($2::text[])
  and e.dossier_id = case
      when d.dossier ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then d.dossier::uuid
  end
  and not exists (select from dossier_key k where k.dossier_id = e.dossier_id)
returning d.id
