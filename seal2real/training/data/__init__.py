"""What training reads: the drawn stream and the user's real images."""
