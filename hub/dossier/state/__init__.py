"""What the facts of one dossier add up to, its stored form, its timers."""
