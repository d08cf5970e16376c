# Sources of src/domain/.
