CREATE TABLE shop.other (LIKE shop.orders INCLUDING ALL);
DROP TABLE shop.orders;
ALTER TABLE shop.other RENAME TO orders;
INSERT INTO shop.orders VALUES (-1, 1);
