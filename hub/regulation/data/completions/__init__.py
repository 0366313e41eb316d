"""What completes the records of catalogues (`hub.regulation.completion`)."""
