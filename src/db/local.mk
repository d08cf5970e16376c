# Sources of src/db/.
