-- $1 days after the end; a dossier whose deliveries are not finished is kept
delete from portal_dossier d
where d.ended_at < now() - make_interval(days => $1)
  and not exists (
      select from delivery e
      where e.adapter = $2 and e.dossier = d.dossier and e.state in ('pending', 'leased', 'unknown')
  )
