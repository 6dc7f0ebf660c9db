"""The demo home: invented people of every role, and a drawn lesson with nobody real in it."""
