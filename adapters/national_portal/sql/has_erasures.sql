-- whether this database is also the hub's, which notes there whose data must go
select to_regclass('erasure') is not null
