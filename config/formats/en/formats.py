"""With the month in full and 24 hours, as scripts write them and as other languages have it."""

DATE_FORMAT = "F j, Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "F j, Y, H:i"
