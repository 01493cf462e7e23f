"""Applied grades as files of other programs: spreadsheets, Moodle, Canvas, nbgrader."""
