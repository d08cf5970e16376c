# Sources of src/.
