"""Files as rows: compression, encodings, lines, documents, CSV and Parquet, each in bounded memory."""
