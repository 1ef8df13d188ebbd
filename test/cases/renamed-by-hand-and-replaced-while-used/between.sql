ALTER TYPE proxy.pair RENAME TO couple; ALTER TYPE proxy.mood SET SCHEMA public;
ALTER SERVER shop RENAME TO people_shop;
