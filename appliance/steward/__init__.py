"""The steward: gathers what the other daemons counted, keeps it as long as the contract lets it, and answers pages."""
