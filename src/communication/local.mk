# Sources of src/communication/.
