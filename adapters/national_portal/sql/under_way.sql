-- records of dossiers that have not ended
select dossier, record from portal_dossier where ended_at is null order by dossier
