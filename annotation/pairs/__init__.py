"""Turn reviews into preference pairs, or into rejections that say why there is no pair."""
