"""How the classifier in models/ is made, from names with labels to the file that the box loads."""
