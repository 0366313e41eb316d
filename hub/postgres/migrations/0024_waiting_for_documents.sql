-- Looked at every second by each engine (hub/engine/decide/waiting_copies.py).
create index parked_request_documents on parked_request (dossier_id) where reason = 'documents.away';
create index redrive_dossier on redrive (dossier_id);
