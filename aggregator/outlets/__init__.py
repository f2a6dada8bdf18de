"""Where published bytes go: files on disk, folders of posts. Imports no source, format or storage."""
