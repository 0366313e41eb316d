"""What is kept for how long, what is erased, and whether what is stored is genuine."""
