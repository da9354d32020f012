"""What people look at: pages and a report over one published release, read and never written."""
