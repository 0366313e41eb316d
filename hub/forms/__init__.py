"""The papers of the law that people hold: the forms as PDF/A, made of the facts of a dossier."""
