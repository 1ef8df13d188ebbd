CREATE EXTENSION postgres_fdw;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host 'a,b', port '5432,5433', dbname '', application_name E'two\nlines\t and a tab', options '-c a=\ b', fetch_size '1e2', updatable 'off');
CREATE SERVER bare FOREIGN DATA WRAPPER postgres_fdw;
CREATE SERVER "null" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '0777', host 'no', sslrootcert '~', krbsrvname '1.10');
