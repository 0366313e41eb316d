-- What the hub writes of a request: a digest of 32 bytes, and a receipt or none. Readers believe no other row; this keeps them from
-- being made by mistake. Not validated: that would hold a lock for as long as the table is read.
alter table inbox add constraint inbox_sizes check (length(digest) = 32 and length(receipt) > 0) not valid;
