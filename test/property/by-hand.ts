// Random changes by hand: statements that somebody runs in the database between two applies.

import fc from 'fast-check'
import type pg from 'pg'
import { isUserSchema, notMember } from '../support/catalog.ts'

/** A choice of a statement, by numbers that become places in lists: the lists depend on what exists by then. */
export interface Choice {
  readonly kind: number
  readonly statement: number
  readonly object: number
  readonly column: number
  readonly word: number
}

export const choices: fc.Arbitrary<readonly Choice[]> = fc.array(
  fc.record({ kind: fc.nat(99), statement: fc.nat(99), object: fc.nat(9), column: fc.nat(9), word: fc.nat(9) }),
  { minLength: 1, maxLength: 4 },
)

/** `{it}` is the object, `{kind}` what SQL calls its kind, `{peer}` another of its kind; words in braces are drawn. */
const ofAny = [
  'ALTER {kind} {it} RENAME TO {new}',
  'ALTER {kind} {it} OWNER TO {role}',
  'COMMENT ON {kind} {it} IS {text}',
  'DROP {kind} {it}',
  'DROP {kind} {it} CASCADE',
]
const inSchema = [...ofAny, 'ALTER {kind} {it} SET SCHEMA {schema}']
const ofRelation = [
  ...inSchema,
  'ALTER {kind} {it} RENAME {column} TO {new}',
  'COMMENT ON COLUMN {it}.{column} IS {text}',
  'GRANT SELECT ON {it} TO {role} WITH GRANT OPTION',
  'GRANT SELECT ({column}), UPDATE ({column}) ON {it} TO {role}',
  'REVOKE ALL ON {it} FROM {role}',
  'CREATE VIEW {schema}.{new} AS SELECT * FROM {it}',
  'CREATE VIEW {schema}.{new} AS SELECT {column}, x::text AS x FROM {it} AS x',
  'CREATE MATERIALIZED VIEW {schema}.{new} AS SELECT {column} FROM {it} WITH NO DATA',
  'CREATE FUNCTION {schema}.{new}() RETURNS SETOF {it} LANGUAGE sql BEGIN ATOMIC SELECT * FROM {it}; END',
  'CREATE TABLE {schema}.{new} (whole {it})',
  'CREATE STATISTICS {schema}.{new} ON {column}, {other} FROM {it}',
]
/** Of foreign tables and tables. */
const ofTable = [
  'ALTER {kind} {it} ALTER {column} TYPE {type}',
  'ALTER {kind} {it} ADD {new} {type}',
  'ALTER {kind} {it} ADD {new} int NOT NULL DEFAULT 1',
  'ALTER {kind} {it} DROP {column}',
  'ALTER {kind} {it} DROP {column} CASCADE',
  'ALTER {kind} {it} ALTER {column} SET NOT NULL',
  'ALTER {kind} {it} ALTER {column} DROP NOT NULL',
  'ALTER {kind} {it} ALTER {column} SET DEFAULT NULL',
  'ALTER {kind} {it} ALTER {column} SET STATISTICS 7',
  'ALTER {kind} {it} ADD CONSTRAINT {new} CHECK ({column} IS NOT NULL) NOT VALID',
  'CREATE TRIGGER {new} BEFORE INSERT OR UPDATE OF {column} ON {it} FOR EACH ROW EXECUTE FUNCTION public.unchanged()',
  'ALTER {kind} {it} RENAME TO swapped; ALTER {kind} {peer} RENAME TO {name}; ALTER {kind} {its schema}.swapped RENAME TO {peer name}',
]
/** Of materialized views and tables. */
const ofCopy = [
  'CREATE INDEX {new} ON {it} ({column})',
  'CREATE UNIQUE INDEX {new} ON {it} ({column}) WHERE {column} IS NULL',
  'CREATE INDEX {new} ON {it} (({column} IS NULL))',
  'ALTER {kind} {it} SET (fillfactor = 55)',
  'ALTER {kind} {it} RESET (fillfactor, autovacuum_enabled)',
]

const statements: Readonly<Record<string, readonly string[]>> = {
  'FOREIGN TABLE': [
    ...ofRelation,
    ...ofTable,
    "ALTER FOREIGN TABLE {it} OPTIONS (ADD updatable 'false')",
    "ALTER FOREIGN TABLE {it} OPTIONS (SET table_name 'by hand')",
    "ALTER FOREIGN TABLE {it} ALTER {column} OPTIONS (ADD column_name 'by hand')",
    'ALTER FOREIGN TABLE {it} INHERIT {peer}',
    'ALTER FOREIGN TABLE {it} NO INHERIT public.base',
  ],
  'MATERIALIZED VIEW': [
    ...ofRelation,
    ...ofCopy,
    'REFRESH MATERIALIZED VIEW {it}',
    'REFRESH MATERIALIZED VIEW {it} WITH NO DATA',
    'ALTER MATERIALIZED VIEW {it} ALTER {column} SET STATISTICS 7',
  ],
  TABLE: [
    ...ofRelation,
    ...ofTable,
    ...ofCopy,
    'TRUNCATE {it}',
    'ALTER TABLE {it} SET UNLOGGED',
    'ALTER TABLE {it} REPLICA IDENTITY FULL',
    'ALTER TABLE {it} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    'CREATE POLICY {new} ON {it} TO {role} USING ({column} IS NOT NULL)',
    'CREATE RULE {new} AS ON DELETE TO {it} DO ALSO SELECT OLD.{column}',
    'CREATE PUBLICATION {new} FOR TABLE {it}',
    'CREATE PUBLICATION {new} FOR TABLE {it} ({column}) WHERE ({column} IS NOT NULL)',
    'CREATE TABLE {schema}.{new} (other int REFERENCES {it})',
    'CREATE TABLE {schema}.{new} () INHERITS ({it})',
  ],
  VIEW: [...ofRelation, 'CREATE OR REPLACE VIEW {it} AS SELECT 1 AS other'],
  INDEX: [
    'ALTER INDEX {it} RENAME TO {new}',
    'COMMENT ON INDEX {it} IS {text}',
    'DROP INDEX {it}',
    'ALTER INDEX {it} SET (fillfactor = 55)',
    'ALTER INDEX {it} ALTER COLUMN 1 SET STATISTICS 7',
  ],
  STATISTICS: [...inSchema, 'ALTER STATISTICS {it} SET STATISTICS 7'],
  TYPE: [
    ...inSchema,
    'GRANT USAGE ON TYPE {it} TO {role}',
    "ALTER TYPE {it} ADD VALUE 'by hand'",
    "ALTER TYPE {it} RENAME VALUE 'low' TO 'by hand'",
    'ALTER TYPE {it} ADD ATTRIBUTE {new} int',
    'ALTER TYPE {it} RENAME ATTRIBUTE street TO {new}',
    'ALTER TYPE {it} DROP ATTRIBUTE street',
    'ALTER DOMAIN {it} ADD CONSTRAINT {new} CHECK (value IS NOT NULL) NOT VALID',
    'ALTER DOMAIN {it} SET NOT NULL',
    'ALTER DOMAIN {it} SET DEFAULT NULL',
    'ALTER DOMAIN {it} DROP CONSTRAINT digits',
    'CREATE DOMAIN {schema}.{new} AS {it}',
    'CREATE TABLE {schema}.{new} (one {it}, many {it}[])',
  ],
  SERVER: [
    ...ofAny,
    "ALTER SERVER {it} OPTIONS (ADD keepalives '1')",
    "ALTER SERVER {it} VERSION 'by hand'",
    'GRANT USAGE ON FOREIGN SERVER {it} TO {role}',
    'CREATE USER MAPPING FOR {role} SERVER {it}',
    'DROP USER MAPPING FOR PUBLIC SERVER {it}',
    "ALTER USER MAPPING FOR PUBLIC SERVER {it} OPTIONS (ADD sslcert 'by hand')",
  ],
  SCHEMA: [...ofAny, 'GRANT USAGE ON SCHEMA {it} TO {role}'],
}

interface Found {
  readonly kind: string
  readonly schema: string | null
  readonly name: string
  readonly columns: readonly string[]
}

/** What statements can be about, sorted by name. */
const objects = `
  SELECT CASE c.relkind WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' ELSE 'INDEX' END AS kind,
         n.nspname::text AS schema, c.relname::text AS name,
         ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE c.relkind IN ('f', 'm', 'r', 'v', 'i') AND ${isUserSchema('n.nspname')} AND n.nspname NOT IN ('public', 'fdwsync_source') AND ${notMember('pg_class', 'c.oid')}
  UNION ALL SELECT 'STATISTICS', nspname, stxname, '{}' FROM pg_statistic_ext JOIN pg_namespace n ON n.oid = stxnamespace
  UNION ALL SELECT 'TYPE', nspname, typname, '{}' FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
   WHERE ${isUserSchema('nspname')} AND typtype IN ('c', 'd', 'e') AND ${notMember('pg_type', 't.oid')}
     AND NOT EXISTS (SELECT FROM pg_class WHERE oid = typrelid AND relkind <> 'c')
  UNION ALL SELECT 'SERVER', NULL, srvname, '{}' FROM pg_foreign_server
  UNION ALL SELECT 'SCHEMA', NULL, nspname, '{}' FROM pg_namespace WHERE ${isUserSchema('nspname')} AND nspname NOT IN ('public', 'fdwsync_source')
  ORDER BY kind, schema, name`

/** Runs the chosen statements one after the other, and returns those that the server accepted. */
export async function changeByHand(client: pg.Client, chosen: readonly Choice[]): Promise<readonly string[]> {
  const done: string[] = []
  for (const [at, choice] of chosen.entries()) {
    const { rows } = await client.query<Found>(objects)
    const statement = statementOf(choice, rows, `by hand ${at}`)
    if (statement === undefined) continue
    try {
      // Several statements in one query are one transaction.
      await client.query(statement)
      done.push(statement)
    } catch {
      // The server forbids it, so nobody can have done that.
    }
  }
  return done
}

function statementOf(choice: Choice, found: readonly Found[], fresh: string): string | undefined {
  const kind = pick(Object.keys(statements), choice.kind)
  const ofKind = found.filter((each) => each.kind === kind)
  const it = pick(ofKind, choice.object)
  const template = pick(statements[kind ?? ''] ?? [], choice.statement)
  if (!it || template === undefined) return undefined
  const peers = ofKind.filter((each) => each.schema === it.schema && each !== it)
  const peer = pick(peers, choice.word) ?? it
  const words: Readonly<Record<string, string | undefined>> = {
    kind: it.kind,
    it: nameOf(it),
    name: quoted(it.name),
    'its schema': quoted(it.schema ?? ''),
    peer: nameOf(peer),
    'peer name': quoted(peer.name),
    new: quoted(fresh),
    column: quoted(pick(it.columns, choice.column) ?? ''),
    other: quoted(pick(it.columns, choice.column + 1) ?? ''),
    role: pick(['case_reader', 'case_owner', '"Case ""Reader"""'], choice.word),
    schema: pick(['public', 'proxy', '"Local Schema"'], choice.word),
    text: pick(["'by hand'", 'NULL', "''"], choice.word),
    type: pick(['text', 'varchar(40)', 'text COLLATE "C"', 'int', 'proxy.zip'], choice.word),
  }
  return template.replaceAll(/\{([a-z ]+)\}/g, (whole, word: string) => words[word] ?? whole)
}

function pick<Item>(list: readonly Item[], place: number): Item | undefined {
  return list[place % list.length]
}

function nameOf({ schema, name }: Found): string {
  return schema === null ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
