"""`meguri goal`: write, submit, sign off, work on and review one goal."""
