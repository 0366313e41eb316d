"""Reports that the law asks for, counted over stored facts: each number with the dossiers behind it."""
