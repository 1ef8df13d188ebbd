CREATE TABLE b.other (x int);
