"""PostgreSQL: what people read and what auditors check. The only package that writes SQL."""
