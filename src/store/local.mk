# Sources of src/store/.
