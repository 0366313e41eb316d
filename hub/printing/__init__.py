"""What commands print: tables for terminals and pipes, JSON for programs."""
