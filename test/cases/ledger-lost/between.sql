DROP SCHEMA fdwsync CASCADE; CREATE TABLE shop.of_others (x int);
