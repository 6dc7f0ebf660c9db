"""Video: files in, exact time, what a browser can play, and clips out."""
