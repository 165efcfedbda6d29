"""PostgreSQL: tables, ledger, outbox, directory and read models. The only package that writes SQL."""
