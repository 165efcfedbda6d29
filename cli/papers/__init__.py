"""`meguri sheet`: goal sheets, tables and results as files, out and in."""
