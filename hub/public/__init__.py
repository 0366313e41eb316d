"""The page for everybody: where a dossier stands, by its code and what its form says besides."""
