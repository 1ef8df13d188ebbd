DROP INDEX shop.by_id; CREATE TABLE shop.t (id int); CREATE INDEX by_id ON shop.t (id)
