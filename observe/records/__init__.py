"""Records: submitted observations as the people of a school see and discuss them."""
