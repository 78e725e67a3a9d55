"""What a suggestion is made of: a changed site and its numbers, a building moved or made smaller, and the words."""
