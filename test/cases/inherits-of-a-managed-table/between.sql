CREATE TABLE proxy.plain (own int) INHERITS (proxy.parent);
INSERT INTO proxy.plain (id, total) VALUES (3, 4);
