CREATE INDEX theirs ON shop.orders (total);
