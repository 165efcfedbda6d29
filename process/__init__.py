"""What every long-running program of Meguri needs of its process: health checks, stop signals, several processes."""
