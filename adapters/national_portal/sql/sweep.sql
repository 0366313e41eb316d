-- $1 days after the end, $2 adapter; a dossier whose deliveries are not finished is kept. A page at a time
delete from portal_dossier d
where d.dossier in (
    select o.dossier from portal_dossier o
    where o.ended_at < now() - make_interval(days => $1)
      and not exists (
          select from delivery e
          where e.adapter = $2 and e.dossier = o.dossier and e.state in ('pending', 'leased', 'unknown')
      )
    order by o.ended_at limit 200
)
