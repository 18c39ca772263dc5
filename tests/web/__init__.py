"""The dashboard is closed to who may not see, open to who may, and says what is so."""
