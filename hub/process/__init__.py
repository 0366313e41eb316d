"""What every long-lived process has: supervised tasks, health, vitals."""
