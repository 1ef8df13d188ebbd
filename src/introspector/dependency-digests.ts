// Digests of everything that the meaning of an object's SQL depends on. The ledger keeps them, so that a plan need not probe
// an unchanged object again.

import type { DeclaredObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf } from '../core/object.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'
import { dataDigest } from './digests.ts'
import { namesInSql } from './sql-names.ts'
import { schemasOfPath } from './transaction-settings.ts'

/**
 * For each object, a digest of everything in the catalog that the meaning of its SQL can depend on. If it is the same as
 * when the object last matched its declaration, PostgreSQL would parse the SQL to the same result, and the object need
 * not be probed. It covers too much rather than too little: everything with a name that occurs in the SQL.
 */
export type DependencyDigests = ReadonlyMap<Key, string>

/**
 * By name and schema, a digest of the objects with that name. For relations it includes the columns and their user-defined types. What is
 * in a schema of $2 is taken to be in that of $3, and the relations of $4 to be gone.
 */
const digestsByNameQuery: Sql = trusted(`
  WITH moved AS (
    SELECT b.oid AS before, a.oid AS after FROM unnest($2::text[]::name[], $3::text[]::name[]) AS m(before, after)
      JOIN pg_namespace b ON b.nspname = m.before JOIN pg_namespace a ON a.nspname = m.after
  ), own_type AS (
    SELECT t.oid, md5(concat_ws(' ', t.typname, t.typnamespace, t.typtype, t.typbasetype, t.typtypmod, t.typcollation, t.typnotnull, t.typrelid,
             (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
             (SELECT string_agg(conbin::text, ',' ORDER BY conname) FROM pg_constraint WHERE contypid = t.oid))) AS digest
      FROM pg_type t WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd', 'r', 'm', 'b')
  ), named(name, namespace, definition) AS (
    SELECT c.relname, coalesce(m.after, c.relnamespace), concat_ws(' ', 'relation', c.oid, coalesce(m.after, c.relnamespace), c.relkind, a.attnum, a.attname, a.atttypid, a.atttypmod,
                                a.attcollation, t.digest)
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN own_type t ON t.oid = a.atttypid LEFT JOIN moved m ON m.before = c.relnamespace
     WHERE c.relname = ANY ($1::text[]::name[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S') AND c.oid <> ALL ($4::oid[])
    UNION ALL
    SELECT proname, pronamespace, concat_ws(' ', 'function', oid, pronamespace, proargtypes, proallargtypes, prorettype, provariadic, pronargdefaults,
                              prokind, proretset)
      FROM pg_proc WHERE proname = ANY ($1::text[]::name[]) AND oid >= 16384
    UNION ALL
    SELECT typname, typnamespace, concat_ws(' ', 'type', t.oid, t.digest) FROM pg_type JOIN own_type t USING (oid) WHERE typname = ANY ($1::text[]::name[])
    UNION ALL
    SELECT oprname, oprnamespace, concat_ws(' ', 'operator', oid, oprnamespace, oprleft, oprright, oprresult, oprcode)
      FROM pg_operator WHERE oprname = ANY ($1::text[]::name[]) AND oid >= 16384
    UNION ALL
    SELECT opcname, opcnamespace, concat_ws(' ', 'operator class', oid, opcnamespace, opcmethod, opcintype)
      FROM pg_opclass WHERE opcname = ANY ($1::text[]::name[]) AND oid >= 16384
    UNION ALL
    SELECT cfgname, cfgnamespace, concat_ws(' ', 'text search configuration', oid, cfgnamespace) FROM pg_ts_config WHERE cfgname = ANY ($1::text[]::name[]) AND oid >= 16384
    UNION ALL
    SELECT collname, collnamespace, concat_ws(' ', 'collation', oid, collnamespace) FROM pg_collation WHERE collname = ANY ($1::text[]::name[]) AND oid >= 16384
    UNION ALL
    SELECT nspname, oid, concat_ws(' ', 'schema', oid) FROM pg_namespace WHERE nspname = ANY ($1::text[]::name[])
  )
  SELECT name::text, n.nspname::text AS schema, md5(string_agg(definition, '|' ORDER BY definition)) AS digest
    FROM named JOIN pg_namespace n ON n.oid = namespace GROUP BY 1, 2 ORDER BY 2`)

/** A digest of what SQL uses without naming it: casts and default operator classes. */
const globalDigestQuery: Sql = trusted(`
  SELECT md5(concat_ws('|', (SELECT string_agg(concat_ws(' ', castsource, casttarget, castfunc, castcontext), ',' ORDER BY oid)
                               FROM pg_cast WHERE oid >= 16384),
                            (SELECT string_agg(concat_ws(' ', oid, opcmethod, opcintype), ',' ORDER BY oid)
                               FROM pg_opclass WHERE opcdefault AND oid >= 16384))) AS digest`)

/** Relations that are going to be replaced by others of their names, which are in other schemas until then. */
export interface Replacing {
  /** By the schemas that have the successors, those of the originals. */
  readonly schemas: ReadonlyMap<string, string>
  /** The OIDs of the originals. */
  readonly originals: readonly number[]
}

/** Computes the digests of objects whose kind has SQL fragments, within the session's transaction. */
export function readDependencyDigests(
  session: Session,
  searchPath: readonly string[],
  objects: readonly Pick<DeclaredObject, 'id' | 'spec'>[],
): Promise<DependencyDigests> {
  return readFutureDigests(session, searchPath, objects, { schemas: new Map(), originals: [] })
}

/** The digests that the objects are going to have once relations are replaced. */
export async function readFutureDigests(
  session: Session,
  searchPath: readonly string[],
  objects: readonly Pick<DeclaredObject, 'id' | 'spec'>[],
  { schemas: moved, originals }: Replacing,
): Promise<DependencyDigests> {
  const named = objects.flatMap(({ id, spec }) => {
    const texts = kindOf(id).sqlFragments?.(spec) ?? []
    const names = texts.length === 0 ? undefined : namesInSql(texts)
    return names === undefined ? [] : [{ key: keyOf(id), names }]
  })
  if (named.length === 0) return new Map()
  const schemas = await schemasOfPath(session, searchPath)
  const all = [...new Set(named.flatMap(({ names }) => names))]
  const places = [[...moved.keys()], [...moved.values()]]
  const rows = await session.query<NamedDigest>(digestsByNameQuery, [all, ...places, originals])
  const [global] = await session.query<{ digest: string }>(globalDigestQuery)
  const byName = groupBy(rows, ({ name }) => name)
  const common = [Math.trunc(session.serverVersion / 10_000), schemas, global?.digest]
  return new Map(
    named.map(({ key, names }) => {
      // SQL finds a name in its search_path, or in a schema that it names. A schema is named like everything else.
      const reachable = new Set([...schemas, 'pg_catalog', ...names])
      const found = names.map((name) => (byName.get(name) ?? []).filter(({ schema }) => reachable.has(schema)))
      return [key, dataDigest([common, found.map((all) => all.map(({ digest }) => digest))])]
    }),
  )
}

interface NamedDigest {
  readonly name: string
  readonly schema: string
  readonly digest: string
}
