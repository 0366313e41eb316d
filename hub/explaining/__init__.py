"""Case files: what happened to a dossier, in words, how its limits were counted, what it lacks."""
