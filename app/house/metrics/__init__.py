"""What this worker counts, for Prometheus: seconds and bytes, no number, SID, name or free text in any label."""
