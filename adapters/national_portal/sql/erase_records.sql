-- $1 dossiers: records of erased ones, once nothing of them is under way
delete from portal_dossier p
where p.dossier = any($1::text[])
  and not exists (
      select from delivery d where d.dossier = p.dossier and d.state in ('pending', 'leased', 'unknown')
  )
