ALTER TABLE shop.orders RENAME TO sales;
ALTER TABLE shop.moved SET SCHEMA public;
ALTER TABLE shop.both RENAME TO two; ALTER VIEW fdwsync_source."shop.both" RENAME TO "shop.two";
ALTER SCHEMA other RENAME TO another;
ALTER TABLE shop.named RENAME id TO key; ALTER TABLE shop.named RENAME twice TO "double"; GRANT SELECT ("double") ON shop.named TO PUBLIC; COMMENT ON COLUMN shop.named."double" IS 'kept';
