"""`meguri people`, `meguri sync` and `meguri prefer`: the directory, its changes, and how people get their notices."""
