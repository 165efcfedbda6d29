"""What is asked of many goals at once, by HR or by a changed organisation, and what it means for each goal."""
