-- What an adapter reports carries a check under the adapters' key (hub/facts/integrity.py): no other hand can report for it.
alter table delivery_report add column mac bytea; -- of adapter, id, type, subject, time and data
