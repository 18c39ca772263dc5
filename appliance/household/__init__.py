"""A change to the house: remembered, published, and followed until it is in force; between the shells and the doors."""
