"""What is kept, for how long, and how it is erased: sweeps of database and files, and everything of one number."""
