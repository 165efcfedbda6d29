"""`meguri catalog`, `meguri exemplars` and `meguri hearing`: what goals are written from."""
