// SQL that makes it known whether user-defined code has run: it advances a sequence, which no rollback takes back, and raises a
// notice.

/** The number of times that code has run, as a column `runs`. */
export const countRuns = 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END::int AS runs FROM app.runs'

const body = (result: string) =>
  `BEGIN PERFORM nextval('app.runs'); RAISE NOTICE 'user-defined code runs'; RETURN ${result}; END`

const detector = (signature: string, returns: string, result: string, volatility = 'IMMUTABLE') =>
  `CREATE FUNCTION app.${signature} RETURNS ${returns} LANGUAGE plpgsql ${volatility} AS $$ ${body(result)} $$`

/** Functions, types, casts and the like in the schema `app`, each of which tells when it runs. */
export const detectors = [
  'CREATE SCHEMA app',
  'CREATE SEQUENCE app.runs',
  detector('f(a text)', 'text', 'a'),
  detector('f(a int)', 'int', 'a'),
  detector('is_fine(a text)', 'bool', 'true'),
  detector('nullary()', 'text', "'x'"),
  detector('many(VARIADIC a text[])', 'text', "'x'"),
  detector('stable(a text)', 'text', 'a', 'STABLE'),
  detector('volatile(a text)', 'text', 'a', 'VOLATILE'),
  `CREATE FUNCTION app.inlined(a text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT a || app.f('x') $$`,
  `CREATE FUNCTION app.inlined_volatile(a text) RETURNS text LANGUAGE sql AS $$ SELECT a || app.f('x') $$`,
  `CREATE FUNCTION app.parsed(a text) RETURNS text LANGUAGE sql IMMUTABLE RETURN a || app.f('x')`,
  `CREATE FUNCTION app.with_default(a text, b text DEFAULT app.f('x')) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a; END $$`,
  `CREATE FUNCTION app.harmless(a text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(a) || 'x' $$`,
  detector('concatenated(text, text)', 'text', "'x'"),
  'CREATE OPERATOR app.@#@ (LEFTARG = text, RIGHTARG = text, FUNCTION = app.concatenated)',
  'CREATE DOMAIN app.checked AS text CHECK (app.is_fine(VALUE))',
  `CREATE DOMAIN app.counted AS text CHECK (nextval('app.runs') > 0)`,
  `CREATE DOMAIN app.plain AS text CHECK (VALUE <> '' AND length(VALUE) < 100)`,
  'CREATE DOMAIN app.checked_array AS app.checked[]',
  'CREATE TYPE app.pair AS (word app.checked, number int)',
  'CREATE TYPE app.nested AS (pair app.pair)',
  'CREATE DOMAIN app.checked_pair AS app.pair',
  'CREATE TYPE app.words AS RANGE (SUBTYPE = app.checked)',
  `CREATE TYPE app.mood AS ENUM ('ok', 'bad')`,
  detector('mood_of(int)', 'app.mood', "'ok'"),
  'CREATE CAST (int AS app.mood) WITH FUNCTION app.mood_of(int) AS ASSIGNMENT',
  detector('text_of(app.mood)', 'text', "'ok'"),
  'CREATE CAST (app.mood AS text) WITH FUNCTION app.text_of(app.mood) AS ASSIGNMENT',
  detector('compared(int, int)', 'int', 'btint4cmp($1, $2)'),
  `CREATE OPERATOR CLASS app.int_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,
     OPERATOR 5 >, FUNCTION 1 app.compared(int, int)`,
  detector('same_image(oid)', 'bool', 'true'),
  `CREATE OPERATOR CLASS app.image_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,
     OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int), FUNCTION 4 app.same_image(oid)`,
  'CREATE TYPE app.span AS RANGE (SUBTYPE = int, SUBTYPE_OPCLASS = app.int_ops)',
  `CREATE FUNCTION app.validate(text[], oid) RETURNS void LANGUAGE plpgsql AS $$ ${body('').replace('RETURN ', 'RETURN')} $$`,
].join(';\n')
