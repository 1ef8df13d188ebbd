// The types whose input runs user-defined code. PostgreSQL reads a literal when it parses the statement that contains it: an
// array, composite or range literal runs the checks of the domains inside, and a range may have functions of its own.

import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { isTrustedRole, ownerOf } from '../trust.ts'
import type { EvaluatedCode, EvaluationContext } from './evaluated-code.ts'
import { isHarmless, isUserDefined } from './user-functions.ts'

/** Which literals run code: those of the type itself, or only those of arrays of it. */
export type Reach = 'literal' | 'array literal'

export interface EvaluatingTypes {
  /** `the checks of domain shop.positive`: what is run. */
  readonly code: readonly EvaluatedCode[]
  readonly oids: ReadonlySet<number>
  readonly types: ReadonlyMap<string, Reach>
  readonly columns: ReadonlyMap<string, Reach>
  readonly functions: ReadonlySet<string>
  readonly operators: ReadonlySet<string>
  /** Relations with columns of such types. */
  readonly relations: ReadonlySet<string>
  /** Functions that build an array or a range of any type. */
  readonly arrayFunctions: ReadonlySet<string>
}

const owner = ownerOf('pg_type', 't.oid', 't.typowner')
const ownership = `pg_get_userbyid(${owner}) AS owner, ${isTrustedRole(owner, '$1')} AS "isTrusted"`

/** $1: trusted roles. Domains with checks that may do harm, and ranges with functions of their own. */
const rootsQuery: Sql = trusted(`
  SELECT t.oid, false AS literal, format('the checks of domain %s', t.oid::regtype) AS title, ${ownership}
    FROM pg_type t
   WHERE t.typtype = 'd' AND t.oid >= 16384 AND EXISTS (
     SELECT FROM pg_constraint k CROSS JOIN LATERAL regexp_matches(k.conbin::text, ':(?:op)?funcid (\\d+)', 'g') AS called
       LEFT JOIN pg_proc p ON p.oid = called[1]::oid
      WHERE k.contypid = t.oid AND k.contype = 'c' AND (p.oid IS NULL OR NOT ${isHarmless}))
  UNION ALL
  SELECT r.rngtypid, true, format('the functions of range type %s', r.rngtypid::regtype), ${ownership}
    FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_opclass o ON o.oid = r.rngsubopc
   WHERE r.rngtypid >= 16384 AND EXISTS (
     SELECT FROM pg_proc p
      WHERE (p.oid = r.rngcanonical OR p.oid IN (SELECT amproc FROM pg_amproc WHERE amprocfamily = o.opcfamily AND amprocnum = 1))
        AND ${isUserDefined})`)

/** Nearly every database has none, and this takes a tenth of the time that rootsQuery takes. */
const hasCandidatesQuery: Sql = trusted(`SELECT FROM pg_type WHERE oid >= 16384 AND typtype IN ('d', 'r') LIMIT 1`)

const isSearched = (namespace: string) =>
  `($3::text[] IS NULL OR ${namespace} IN (SELECT oid FROM pg_namespace WHERE nspname = ANY ($3::text[])))`

/**
 * $1: OIDs of domains, $2: of ranges. All types that consist of them, and the names by which SQL refers to one.
 * $3: the schemas in which unqualified names find these; null for all schemas.
 */
const reachQuery: Sql = trusted(`
  WITH RECURSIVE evaluating(oid, literal) AS (
    SELECT oid, false FROM unnest($1::oid[]) oid
    UNION SELECT oid, true FROM unnest($2::oid[]) oid
    UNION
    SELECT next.oid, next.literal FROM evaluating e CROSS JOIN LATERAL (
      SELECT t.oid, e.literal FROM pg_type t WHERE t.typtype = 'd' AND t.typbasetype = e.oid
      UNION ALL SELECT t.oid, true FROM pg_type t WHERE t.typelem = e.oid AND t.typlen = -1
      UNION ALL SELECT c.reltype, true FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                 WHERE a.atttypid = e.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0
      UNION ALL SELECT r.rngtypid, true FROM pg_range r WHERE r.rngsubtype = e.oid
      UNION ALL SELECT r.rngmultitypid, true FROM pg_range r WHERE r.rngtypid = e.oid AND e.literal
    ) next
  ), found AS MATERIALIZED (
    SELECT oid, bool_or(literal) AS literal FROM evaluating GROUP BY oid
  )
  SELECT 'oid' AS what, f.oid::text AS name, literal FROM found f
  UNION ALL SELECT 'type', t.typname, f.literal FROM found f JOIN pg_type t USING (oid) WHERE ${isSearched('t.typnamespace')}
  UNION ALL SELECT 'column', a.attname, f.literal FROM found f JOIN pg_attribute a ON a.atttypid = f.oid JOIN pg_class c ON c.oid = a.attrelid
             WHERE a.attnum > 0 AND ${isSearched('c.relnamespace')}
  UNION ALL SELECT 'relation', c.relname, true FROM found f JOIN pg_type t USING (oid) JOIN pg_class c ON c.oid = t.typrelid AND c.relkind <> 'c'
             WHERE ${isSearched('c.relnamespace')}
  UNION ALL SELECT 'function', p.proname, true FROM pg_proc p
             WHERE p.oid >= 16384 AND ${isSearched('p.pronamespace')} AND p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype && ARRAY(SELECT oid FROM found)
  UNION ALL SELECT 'operator', o.oprname, true FROM pg_operator o
             WHERE o.oid >= 16384 AND ${isSearched('o.oprnamespace')} AND ARRAY[o.oprleft, o.oprright, o.oprresult] && ARRAY(SELECT oid FROM found)
  UNION ALL SELECT 'array function', p.proname, true FROM pg_proc p
             WHERE p.prorettype IN ('anyarray'::regtype, 'anycompatiblearray'::regtype, 'anyrange'::regtype, 'anymultirange'::regtype,
                                    'anycompatiblerange'::regtype, 'anycompatiblemultirange'::regtype)`)

/**
 * Undefined if no literal runs code, as in nearly every database. The session must have a search_path of pg_catalog alone.
 */
export async function readEvaluatingTypes(
  session: Session,
  { trustedRoles, isUntrustedOnly, foundIn }: EvaluationContext,
): Promise<EvaluatingTypes | undefined> {
  if ((await session.query(hasCandidatesQuery)).length === 0) return undefined
  const all = await session.query<EvaluatedCode & { readonly oid: number; readonly literal: boolean }>(rootsQuery, [
    trustedRoles,
  ])
  const roots = all.filter(({ isTrusted }) => !isUntrustedOnly || !isTrusted)
  if (roots.length === 0) return undefined
  const oids = (literal: boolean) => roots.filter((root) => root.literal === literal).map(({ oid }) => oid)
  const rows = await session.query<{ what: string; name: string; literal: boolean }>(reachQuery, [
    oids(false),
    oids(true),
    foundIn ?? null,
  ])
  const namesOf = (what: string) => rows.filter((row) => row.what === what).map(({ name }) => name)
  const reachOf = (what: string) => {
    const reach = new Map<string, Reach>()
    for (const { name, literal } of rows.filter((row) => row.what === what)) {
      if (literal || !reach.has(name)) reach.set(name, literal ? 'literal' : 'array literal')
    }
    return reach
  }
  return {
    code: roots.map(({ title, owner, isTrusted }) => ({ title, owner, isTrusted })),
    oids: new Set(namesOf('oid').map(Number)),
    types: reachOf('type'),
    columns: reachOf('column'),
    functions: new Set(namesOf('function')),
    operators: new Set(namesOf('operator')),
    relations: new Set(namesOf('relation')),
    arrayFunctions: new Set(namesOf('array function')),
  }
}
