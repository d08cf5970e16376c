# Sources of src/http/.
