-- $1 request, $2 code of the portal, $3 digest of what was lodged
insert into portal_lodging (request, code, digest) values ($1, $2, $3) on conflict do nothing
