-- $1 request
select code, digest from portal_lodging where request = $1
