"""The benchmark's page: the worlds it rests on, its tables, its picture and its targets."""
