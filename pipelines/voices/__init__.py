"""The voices that texts are written in: a tone of voice, or a persona."""
