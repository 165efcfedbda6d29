"""One command at the terminal: servers, options, output, words and exit codes that all commands share."""
