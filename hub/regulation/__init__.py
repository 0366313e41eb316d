"""The law as data: calendar, profile, codes and catalogue; pure but for reading its own data files."""
