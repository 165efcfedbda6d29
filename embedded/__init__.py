"""PostgreSQL and Temporal servers for a single machine: from Python wheels, without set-up, with data kept in a folder."""
