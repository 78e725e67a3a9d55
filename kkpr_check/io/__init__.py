"""Everything that reads and writes files: layers, indexed copies, CRS. The core never imports it."""
