"""Many parcels: read, judged and written in blocks, by several processes, resumable (contract sections 2 and 5)."""
