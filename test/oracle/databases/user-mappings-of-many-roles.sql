{{SHOP}}
CREATE SERVER "Shop 2" FOREIGN DATA WRAPPER postgres_fdw;
CREATE USER MAPPING FOR oracle_etl SERVER shop OPTIONS (password '{{SOURCE_PASSWORD}}');
CREATE USER MAPPING FOR "Oracle ""Reader""" SERVER shop OPTIONS (user '0777', password '{{SOURCE_PASSWORD}}', password_required 'false');
CREATE USER MAPPING FOR PUBLIC SERVER "Shop 2" OPTIONS (user 'a b', password '{{SOURCE_PASSWORD}}', sslcert '/c', sslkey '/k');
CREATE USER MAPPING FOR oracle_etl SERVER "Shop 2";
