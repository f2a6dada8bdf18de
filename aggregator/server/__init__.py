"""The web server: serves what is published from memory. No request polls, renders or waits for the database."""
