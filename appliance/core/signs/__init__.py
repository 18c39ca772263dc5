"""What shows that a flow goes round the box, or carries a call or a swarm: signs, each with how sure it is."""
