CREATE EXTENSION postgres_fdw; CREATE FOREIGN DATA WRAPPER theirs HANDLER postgres_fdw_handler OPTIONS (a 'b');
