-- An index that only counting used looked as good to the planner as the one that finds the next rows. Counting what
-- waits goes over the lanes instead.
DROP INDEX inbox_waiting;
