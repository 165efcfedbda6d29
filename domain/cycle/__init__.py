"""A cycle as HR writes it: the file, its sections, the checks before launch, and what a launch makes for one person."""
