"""What two providers have in common on one investigation: private set intersection over tokens."""
