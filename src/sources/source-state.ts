// Digests of what a source has. While a digest is equal, everything that an import derives from it is equal, too.

import { createHash } from 'node:crypto'
import { canonicalJson } from '../core/data.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { catalogCosts } from '../introspector/transaction-settings.ts'
import type { RemoteExpression, RemoteIndex, RemoteRelation } from './remote-catalog.ts'
import type { RemoteTypes } from './types/remote-types.ts'

/** What an import is derived from. */
interface SourceContent {
  /** See {@link readTablesState}. */
  readonly tables: string
  /** The columns of tables that are not imported, but created from the catalog of the source. */
  readonly own: readonly unknown[]
  readonly collations: readonly unknown[]
  readonly types: RemoteTypes | undefined
  readonly indexes: readonly RemoteIndex[]
  readonly primaryKeys: ReadonlyMap<string, unknown>
  readonly expressions: readonly RemoteExpression[]
  /** The relations that a mirror leaves out, which a plan reports. */
  readonly leftOut: readonly RemoteRelation[]
}

export function stateOf({ types, primaryKeys, ...content }: SourceContent): string {
  const typesOfTables = types ? { all: types.all, ofTables: [...types.ofTables] } : null
  return digestOf({ ...content, types: typesOfTables, primaryKeys: [...primaryKeys].toSorted() })
}

export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

// Everything that IMPORT FOREIGN SCHEMA can create, without OIDs. The tables of a schema are found by their
// dependency on it, because no index of pg_class starts with the schema.
const tablesQuery: Sql = trusted(`
  WITH imported AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relpersistence
      FROM pg_namespace n
      JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
      JOIN pg_class c ON c.oid = d.objid WHERE n.nspname = $1
  ), part(name, digest) AS (
    SELECT 'tables', md5(string_agg(ROW (relname, relkind, relpersistence, ftoptions, obj_description(oid, 'pg_class'))::text, '' ORDER BY relname))
      FROM imported LEFT JOIN pg_foreign_table ON ftrelid = oid
    UNION ALL
    SELECT 'columns', md5(string_agg(ROW (relname, attnum, attname, atttypid, atttypmod, attcollation, attnotnull, attidentity, attgenerated,
                                          attoptions, attfdwoptions)::text, '' ORDER BY relname, attnum))
      FROM imported JOIN pg_attribute ON attrelid = oid AND attnum > 0
    UNION ALL
    SELECT 'defaults', md5(string_agg(ROW (relname, adnum, pg_get_expr(adbin, adrelid))::text, '' ORDER BY relname, adnum))
      FROM imported JOIN pg_attrdef ON adrelid = imported.oid
    UNION ALL
    SELECT 'constraints', md5(string_agg(ROW (relname, conname, contype, pg_get_constraintdef(k.oid))::text, '' ORDER BY relname, conname))
      FROM imported JOIN pg_constraint k ON conrelid = imported.oid
  )
  SELECT string_agg(concat(name, ' ', digest), E'\\n' ORDER BY name) AS state,
         NOT EXISTS (SELECT FROM imported JOIN pg_attribute ON attrelid = oid AND attnum > 0 WHERE atttypid >= 10000) AS "areTypesBuiltIn"
    FROM part`)

export interface TablesState {
  /** A digest of the tables. */
  readonly state: string
  /** Whether the types of all columns are PostgreSQL's own. */
  readonly areTypesBuiltIn: boolean
}

/** Reads the state of the tables in a schema. Runs under `readingPath`. */
export async function readTablesState(session: Session, schema: string): Promise<TablesState> {
  await session.run(catalogCosts)
  const [row] = await session.query<TablesState>(tablesQuery, [schema])
  if (!row) throw new Error('an aggregate query returned no row')
  return row
}
