-- What holds the calls of an adapter back, as of its last beat: operators see an open circuit in the store.
alter table delivery_beat add column gate text not null default 'closed', add column gate_since timestamptz;
-- What a counterpart has rejected is listed without reading all deliveries.
create index delivery_rejected on delivery (adapter, position) where state = 'rejected';
-- So are reports that the hub has refused.
create index delivery_report_refused on delivery_report (adapter, confirmed_at) where refusal is not null;
