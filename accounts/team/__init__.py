"""The Team page: who may use the portal, in which roles and teams."""
