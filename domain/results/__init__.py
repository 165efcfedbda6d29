"""Results of a cycle's goals: the alignment tree, calibration of scores, and examples to follow."""
