"""The synthetic sample town: streets, river, zones, parcels and rules, made without any real data."""
