CREATE SCHEMA "S ""1"" é";
CREATE TABLE "S ""1"" é"."T.a'b" ("C 1" int, "c
2" int, "SELECT" int);
INSERT INTO "S ""1"" é"."T.a'b" VALUES (1, 2, 3);
