-- $1 adapter: records of erased dossiers, once nothing of them is under way
delete from portal_dossier d
using erasure s
where s.dossier_id::text = d.dossier
  and not exists (
      select from delivery e
      where e.adapter = $1 and e.dossier = d.dossier and e.state in ('pending', 'leased', 'unknown')
  )
