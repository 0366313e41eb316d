-- A record is taken for one that kills processes only by marks that the hub has made.
alter table intake_offset add column marks_mac bytea; -- of topic, its id, partition, `probing` and `marks`
