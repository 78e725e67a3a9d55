"""Annex tables of a regulation (ITBX, intensity), as offices publish them -> the tables of a plan folder, every cell accounted for."""
