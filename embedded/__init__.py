"""PostgreSQL and Temporal for one machine, from Python wheels, without set-up; they find their data again."""
