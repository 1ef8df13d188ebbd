CREATE SCHEMA shop;
CREATE TYPE shop.nothing AS ();
CREATE TYPE shop.none AS ENUM ();
