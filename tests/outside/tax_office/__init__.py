"""A tax office behind the hub: it gets a notice of each dossier that is forwarded to it."""
