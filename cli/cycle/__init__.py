"""`meguri cycle` and `meguri instruction`: launch, steer and close a cycle; its tree and its scores."""
