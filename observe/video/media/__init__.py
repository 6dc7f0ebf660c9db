"""What a file is, and the programs that read and write pictures and sound. No database."""
