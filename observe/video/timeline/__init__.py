"""What a lesson tells before it is watched: loudness, voices, movement, joints, damage."""
