"""A hub as an earlier release left it: its database, its topics, its key; and how it is brought back."""
