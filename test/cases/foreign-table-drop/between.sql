CREATE FOREIGN TABLE proxy.theirs (x int) SERVER shop;
