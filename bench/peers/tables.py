"""Tables of the peers that keep their own: ids seen and counts per dossier, one statement per message."""

from __future__ import annotations

TABLES = """
create table if not exists seen (id text primary key);
create table if not exists counted (dossier text primary key, count int not null);
"""
SEEN = "insert into seen (id) values ($1) on conflict do nothing returning id"
COUNT = """
insert into counted (dossier, count) values ($1, 1)
on conflict (dossier) do update set count = counted.count + 1 returning count
"""
