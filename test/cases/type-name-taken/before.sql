CREATE SCHEMA proxy; CREATE TABLE proxy.mood (a int);
