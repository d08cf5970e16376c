# Sources of src/documents/.
