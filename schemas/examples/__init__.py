"""One message of each published type, as it stands on a topic."""
