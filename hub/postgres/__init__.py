"""PostgreSQL: sessions, migrations, names, and what it means that the database is away."""
