"""The pure core: requests become facts or refusals by the rules of the regulation."""
