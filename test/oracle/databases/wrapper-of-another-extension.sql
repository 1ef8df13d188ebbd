CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE SCHEMA logs;
CREATE FOREIGN TABLE logs.lines (line text, number integer) SERVER files
  OPTIONS (filename '/tmp/{a,b}: # no comment', format 'csv', delimiter E'\t', "null" '', header 'true');
