"""The role that has the key and makes the papers of facts: documents by digest, named by a fact."""
