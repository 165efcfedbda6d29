"""What comes of the goals of a cycle: the alignment tree, calibration of scores, and examples to follow."""
