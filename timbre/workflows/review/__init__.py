"""Send records to reviewers (people or written rules) and pull their reviews."""
