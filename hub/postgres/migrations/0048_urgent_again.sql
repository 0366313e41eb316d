-- What waits to be tried again keeps its place: its urgency orders it once it has waited, as it did at first.

alter table delivery add column urgent_at timestamptz;
create index delivery_urgent on delivery (adapter, next_at) where state = 'pending' and next_at > urgent_at;
