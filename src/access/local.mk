# Sources of src/access/.
