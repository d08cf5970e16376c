# Sources of src/delivery/.
