"""Read articles from every supported kind of source and split them into passages."""
