CREATE TABLE other (x hstore);
