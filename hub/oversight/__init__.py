"""What operators see: dossiers, deadlines, failures and what waits; it only reads."""
