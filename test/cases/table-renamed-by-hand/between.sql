ALTER TABLE shop.orders RENAME TO sales;
ALTER TABLE shop.moved SET SCHEMA public;
ALTER TABLE shop.both RENAME TO two; ALTER VIEW fdwsync_source."shop.both" RENAME TO "shop.two";
ALTER SCHEMA other RENAME TO another;
