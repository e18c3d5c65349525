"""One child under several ids: what was decided, the links that follow, and rows read by them."""
