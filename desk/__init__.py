"""What a course offers a person, on a course folder and over HTTP alike."""
