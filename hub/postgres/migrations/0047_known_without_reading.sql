-- As in 0016, and what a batch did not read because the engine knows it is compared: the versions of the configuration
-- (`v_*`) and that these aliases are not there (`x_alias`). Programs of before do not give them.
drop function write_batch;
create function write_batch(
    batch uuid,
    o_topic text[], o_partition int[], o_topic_id text[], o_expected bigint[], o_next bigint[], o_mac bytea[],
    wide bytea,
    c_id text, c_head bytea, c_parked text,
    n_id text, n_head bytea, n_sequence text, n_parked text, n_state text, n_private text, n_key text,
    n_mac bytea,
    u_id text, u_head bytea, u_sequence text, u_parked text, u_state text, u_private text, u_mac bytea,
    a_alias text[], a_dossier uuid[], a_mac bytea[],
    i_participant text, i_id text, i_digest bytea, i_receipt text, i_dossier text, i_mac bytea,
    r_participant text[], r_id text[], r_receipt bytea[], r_mac bytea[],
    f_dossier text, f_sequence text, f_id text, f_type text, f_time text, f_bytes text, f_hash bytea,
    f_mac bytea,
    t_dossier uuid[], t_name text[], t_kind text[], t_due timestamptz[], t_shard int[],
    t_gone_dossier uuid[], t_gone_name text[],
    l_topic text[], l_partition int[], l_offset bigint[], l_time timestamptz[], l_reason text[], l_record bytea[],
    p_dossier uuid[], p_participant text[], p_request text[], p_reason text[], p_record bytea[],
    p_done bigint[],
    s_shard int[], s_payload bytea[], s_mac bytea[],
    published bigint[], owned int[], known bigint[],
    v_kind text[] default '{}', v_version bigint[] default '{}', x_alias text[] default '{}'
) returns table (kind text, id bigint, shard int, payload bytea, mac bytea)
language plpgsql
as $$
declare
    matched int;
    fresh bigint[];
begin
    if cardinality(o_topic) > 0 then
        update intake_offset o set next = w.next, batch = write_batch.batch, mac = w.mac, goes_on = null, starts = 0, probing = null, marks = 0,
            probe_until = case when w.next < o.probe_until then o.probe_until end
        from unnest(o_topic, o_partition, o_topic_id, o_expected, o_next, o_mac)
            w(topic, partition, topic_id, expected, next, mac)
        where o.topic = w.topic and o.partition = w.partition and o.next = w.expected and o.topic_id = w.topic_id
          and o.stopped is null;
        get diagnostics matched = row_count;
        if matched <> cardinality(o_topic) then
            raise exception 'offset_miss' using errcode = 'HB001';
        end if;
    end if;

    if cardinality(v_kind) > 0 then
        select count(*) into matched from configuration_version c
        full join unnest(v_kind, v_version) w(kind, version) on w.kind = c.kind
        where w.version is distinct from c.version;
        if matched > 0 then
            raise exception 'version_miss' using errcode = 'HB003';
        end if;
    end if;
    if cardinality(x_alias) > 0 then
        if exists (select from alias a where a.alias = any(x_alias)) then
            raise exception 'head_miss' using errcode = 'HB002';
        end if;
    end if;

    if c_id <> '' then
        select count(*) into matched from (
            select d.head, d.parked, hash_at(c_head, w.place) as c_head, w.parked as c_parked
            from dossier d
            join unnest(cut(c_id)::uuid[], cut(c_parked)::int[]) with ordinality w(id, parked, place) on d.id = w.id
            order by d.id for update of d
        ) locked
        where locked.head is not distinct from locked.c_head and locked.parked = locked.c_parked;
        if matched <> cardinality(cut(c_id)) then
            raise exception 'head_miss' using errcode = 'HB002';
        end if;
    end if;
    if cardinality(p_done) > 0 then
        delete from parked_request p where p.position = any(p_done);
        get diagnostics matched = row_count;
        if matched <> cardinality(p_done) then
            raise exception 'head_miss' using errcode = 'HB002';
        end if;
    end if;

    insert into inbox (participant, id, digest, receipt, dossier_id, mac)
    select w.participant, w.id, hash_at(i_digest, w.place), piece(wide, w.receipt), w.dossier_id, mac_at(i_mac, w.place)
    from unnest(cut(i_participant), cut(i_id), cut(i_receipt)::bigint[], cut(i_dossier)::uuid[])
        with ordinality w(participant, id, receipt, dossier_id, place);
    if cardinality(r_id) > 0 then
        update inbox i set receipt = w.receipt, mac = w.mac
        from unnest(r_participant, r_id, r_receipt, r_mac) w(participant, id, receipt, mac)
        where i.participant = w.participant and i.id = w.id;
    end if;

    if n_id <> '' then
        insert into dossier (id, head, sequence, parked, state, private, mac)
        select w.id, hash_at(n_head, w.place), w.sequence, w.parked, piece(wide, w.state), piece(wide, w.private),
            mac_at(n_mac, w.place)
        from unnest(cut(n_id)::uuid[], cut(n_sequence)::int[], cut(n_parked)::int[], cut(n_state)::bigint[],
            cut(n_private)::bigint[]) with ordinality w(id, sequence, parked, state, private, place);
        insert into dossier_key (dossier_id, wrapped)
        select w.id, piece(wide, w.key) from unnest(cut(n_id)::uuid[], cut(n_key)::bigint[]) w(id, key);
    end if;
    if cardinality(a_alias) > 0 then
        insert into alias (alias, dossier_id, mac) select * from unnest(a_alias, a_dossier, a_mac);
    end if;
    if u_id <> '' then
        update dossier d set head = hash_at(u_head, w.place), sequence = w.sequence, parked = w.parked,
            state = piece(wide, w.state), private = piece(wide, w.private), mac = mac_at(u_mac, w.place)
        from unnest(cut(u_id)::uuid[], cut(u_sequence)::int[], cut(u_parked)::int[], cut(u_state)::bigint[],
            cut(u_private)::bigint[]) with ordinality w(id, sequence, parked, state, private, place)
        where d.id = w.id;
    end if;
    if f_id <> '' then
        insert into fact (dossier_id, sequence, id, type, time, bytes, hash, mac)
        select w.dossier_id, w.sequence, w.id, w.type, timestamptz 'epoch' + w.time * interval '1 microsecond',
            piece(wide, w.bytes), hash_at(f_hash, w.place), mac_at(f_mac, w.place)
        from unnest(cut(f_dossier)::uuid[], cut(f_sequence)::int[], cut(f_id)::uuid[], cut(f_type), cut(f_time)::bigint[],
            cut(f_bytes)::bigint[]) with ordinality w(dossier_id, sequence, id, type, time, bytes, place);
    end if;

    if cardinality(t_gone_name) > 0 then
        delete from timer t using unnest(t_gone_dossier, t_gone_name) w(dossier_id, name)
        where t.dossier_id = w.dossier_id and t.name = w.name;
    end if;
    if cardinality(t_name) > 0 then
        insert into timer (dossier_id, name, kind, due_at, shard)
        select * from unnest(t_dossier, t_name, t_kind, t_due, t_shard)
        on conflict (dossier_id, name) do update set kind = excluded.kind, due_at = excluded.due_at, fired_at = null;
    end if;
    if cardinality(l_topic) > 0 then
        insert into dead_letter (topic, partition, at_offset, received_at, reason, record)
        select * from unnest(l_topic, l_partition, l_offset, l_time, l_reason, l_record);
    end if;
    if cardinality(p_dossier) > 0 then
        insert into parked_request (dossier_id, participant, request_id, reason, record)
        select * from unnest(p_dossier, p_participant, p_request, p_reason, p_record);
    end if;

    if cardinality(published) > 0 then
        delete from segment s where s.id = any(published);
    end if;
    if cardinality(s_shard) > 0 then
        with added as (
            insert into segment (shard, payload, mac)
            select * from unnest(s_shard, s_payload, s_mac)
            returning segment.id, segment.shard
        )
        select array_agg(added.id order by added.shard) into fresh from added;
        return query select 'fresh'::text, s.id, s.shard, null::bytea, null::bytea from segment s where s.id = any(fresh);
    end if;
    if cardinality(owned) > 0 then
        return query
        select 'older'::text, s.id, s.shard, s.payload, s.mac from segment s
        where s.shard = any(owned) and s.id <> all(known) and (fresh is null or s.id <> all(fresh))
        order by s.id limit 200;
    end if;
end
$$;
