"""What one participant may take of everybody's disks, over all its ways in: counted, shown, kept."""
