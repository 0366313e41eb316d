-- A participant over Kafka may come to the gateway too, for documents and look-ups only: its events stay on Kafka.

alter table http_participant add column is_documents_only boolean not null default false;
