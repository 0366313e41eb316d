-- Who owns an uploaded document carries a check (hub/facts/integrity.py). That a dossier was erased is told by its own row.
alter table document_owner add column mac bytea; -- of participant and sha256
