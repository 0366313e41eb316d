-- $1 adapter, $2 the cursor that was read (null: none), $3 the new one; no row comes back if another moved it
insert into delivery_cursor as c (adapter, cursor)
select $1, $3
where $2::text is null or exists (select from delivery_cursor where adapter = $1)
on conflict (adapter) do update set cursor = excluded.cursor, changed_at = now()
where c.cursor = $2
returning 1
