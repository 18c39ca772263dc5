"""The dashboard: pages for caregivers and for children, served from this box."""
