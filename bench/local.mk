# Sources of bench/.
