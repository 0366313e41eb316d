-- What the database user of the public page may do: read what the page is made of, and nothing else. As owner of the tables, after
-- `create role hub_public login password '...'` and after each `hub setup`:
--   psql --set=user=hub_public --file=deploy/postgres/public.sql DSN
grant usage on schema public to :"user";
grant select on alias, dossier, dossier_key, register_edition, clock_step, migration to :"user";
