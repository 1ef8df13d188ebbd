{{SHOP}}
CREATE SCHEMA "Sales & ""more""";
CREATE FOREIGN TABLE "Sales & ""more"""."select: * # {}" ("it's" integer, "a.b" text, "null" text, "~" text, "true" text, "- x" text, "é日本" text, " " text)
  SERVER shop OPTIONS (table_name '? : [x]');
CREATE MATERIALIZED VIEW "Sales & ""more"""."View" AS SELECT "it's", "a.b" AS "A b", "é日本" FROM "Sales & ""more"""."select: * # {}" WITH NO DATA;
CREATE INDEX "Index, of" ON "Sales & ""more"""."View" ("A b", "é日本" DESC);
COMMENT ON MATERIALIZED VIEW "Sales & ""more"""."View" IS '# not a comment: $${env:X} ${file:/etc/passwd}';
