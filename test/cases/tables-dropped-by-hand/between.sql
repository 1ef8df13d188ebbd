DROP TABLE shop.orders, shop.former;
