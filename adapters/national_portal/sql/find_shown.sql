-- $1 MaHoSo as the portal knows it: its own code of a dossier lodged there, else the official one
select dossier, record from portal_dossier where portal_code = $1 or (code = $1 and portal_code is null)
order by portal_code nulls first limit 5
