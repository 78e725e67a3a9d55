"""What changed between two versions of a plan: values in, changes out. No file, no CRS, no language is chosen here."""
