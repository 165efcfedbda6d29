"""Process control for long-running programs of Meguri: health checks, stop signals, several processes side by side."""
