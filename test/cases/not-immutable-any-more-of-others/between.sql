CREATE INDEX by_rest ON shop.orders (app.f(id));
CREATE INDEX inlined ON shop.orders (app.inlined(id));
CREATE STATISTICS shop.both ON id, total FROM shop.orders;
ALTER TABLE shop.tabular ADD EXCLUDE (id WITH =) WHERE (app.f(id) = 8);
ALTER FUNCTION app.f STABLE;
ALTER FUNCTION app.inlined STABLE;
