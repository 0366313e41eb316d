-- $1 adapter, $2 days, $3 and $4 not used (every row of a page goes), $5 size of the page. Returns as `sweep_deliveries`.
with gone as (
    delete from delivery_poison p
    using (
        select topic, partition, "offset" from delivery_poison
        where adapter = $1 and stored_at < now() - make_interval(days => $2)
          and $3::timestamptz is not null and $4::bigint is not null
        order by stored_at, topic, partition, "offset" limit $5 for update
    ) old
    where p.adapter = $1 and p.topic = old.topic and p.partition = old.partition and p."offset" = old."offset"
    returning p.stored_at
)
select count(*) as removed, case when count(*) = $5 then max(stored_at) end as at,
       case when count(*) = $5 then 0::bigint end as position
from gone
