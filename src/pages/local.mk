# Sources of src/pages/.
