-- $1 adapter, $2 id: a delivery that was taken, as long as it is kept
select id, type, dossier, subject, sequence, time, data from delivery where adapter = $1 and id = $2 and state = 'delivered'
