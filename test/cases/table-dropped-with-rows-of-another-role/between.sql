INSERT INTO shop.orders VALUES (1);
-- Like a load that has failed.
INSERT INTO shop.empty VALUES (1);
DELETE FROM shop.empty;
