"""The managers' dashboard: a page without a build step."""
