"""An evening in a house: whole journeys."""
