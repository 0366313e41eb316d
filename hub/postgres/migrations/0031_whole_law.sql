-- States and facts name the catalogue and the calendar beside the profile.
-- A program that knows only an older format does not start on this store.
update configuration_version set version = 2 where kind = 'format';
