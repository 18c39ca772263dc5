"""The tests: the same tree as appliance/, plus the laws (rooms) and the lab."""
