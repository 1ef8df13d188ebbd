-- Nothing reads these tables; PostgreSQL refuses to alter them with those that they inherit from.
CREATE TABLE proxy.clashes (added text) INHERITS (proxy.adds);
CREATE TABLE proxy.other (note text);
CREATE TABLE proxy.shares () INHERITS (proxy.renames, proxy.other);
CREATE TABLE proxy.child () INHERITS (proxy.retypes);
CREATE TABLE proxy."grand child" () INHERITS (proxy.child);
-- They have rows that the new constraints exclude.
CREATE TABLE proxy.filled (LIKE proxy.constrained);
INSERT INTO proxy.filled (total) VALUES (2);
ALTER TABLE proxy.filled INHERIT proxy.constrained;
