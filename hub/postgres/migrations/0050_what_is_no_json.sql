-- What somebody else wrote into the database may be no JSON and no time: it reads as null, and ends no statement.

create function json_of(content bytea) returns jsonb language plpgsql immutable strict as $$
begin
    return convert_from(content, 'UTF8')::jsonb;
exception when data_exception or program_limit_exceeded then
    return null;
end;
$$;

create function instant_of(said text) returns timestamptz language plpgsql stable strict as $$
begin
    return said::timestamptz;
exception when data_exception then
    return null;
end;
$$;
