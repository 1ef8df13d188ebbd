// Warns of functions that find names by search_path, in views and indexes that the plan creates. From PostgreSQL 17 on, REFRESH and CREATE
// INDEX set it to pg_catalog, pg_temp. A plan evaluates nothing, so it succeeds, and the load fails.

import type { Change, WantedObject } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { type Key, keyOf } from '../../core/object.ts'
import type { Warning } from '../../core/plan.ts'
import { trusted } from '../../core/sql.ts'
import { inReadOnlyTransaction } from '../../introspector/transaction-settings.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'
import { type CalledFunction, calledFunctions } from './called-functions.ts'

interface Row {
  readonly key: Key
  readonly title: string
  readonly names: string
}

// What the body of a function names is not recorded anywhere, so its text is searched: for calls, and for relations after certain
// words. Names with a schema are found under any path, and so are those of PostgreSQL itself.
const bodiesQuery = trusted(`
  WITH path AS (
    SELECT oid FROM pg_namespace WHERE nspname = ANY ($2::text[]::name[]) AND nspname <> 'pg_catalog'
  ), called AS (
    SELECT DISTINCT r.key, p.oid, p.prosrc
      FROM jsonb_to_recordset($1) AS r(key text, schema text, name text)
      JOIN pg_proc p ON p.proname = r.name::name
      JOIN pg_namespace n ON n.oid = p.pronamespace AND (n.nspname = r.schema OR r.schema IS NULL AND n.oid IN (SELECT oid FROM path))
      JOIN pg_language l ON l.oid = p.prolang AND l.lanname IN ('sql', 'plpgsql')
     WHERE p.prosqlbody IS NULL AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search\\_path=%')
  )
  SELECT key, oid::regprocedure::text AS title, string_agg(name, ', ' ORDER BY name) AS names
    FROM called, LATERAL (
      SELECT lower(m[1]) AS name FROM regexp_matches(prosrc, '(?<![\\w.$"])([a-z_]\\w*)\\s*\\(', 'gi') AS m
       WHERE EXISTS (SELECT FROM pg_proc WHERE proname = lower(m[1]) AND pronamespace IN (SELECT oid FROM path))
         AND NOT EXISTS (SELECT FROM pg_proc WHERE proname = lower(m[1]) AND pronamespace = 'pg_catalog'::regnamespace)
      UNION
      SELECT lower(m[1]) FROM regexp_matches(prosrc, '\\m(?:from|join|update|insert\\s+into)\\s+([a-z_]\\w*)(?![\\w.(])', 'gi') AS m
       WHERE EXISTS (SELECT FROM pg_class WHERE relname = lower(m[1]) AND relnamespace IN (SELECT oid FROM path))
         AND NOT EXISTS (SELECT FROM pg_class WHERE relname = lower(m[1]) AND relnamespace = 'pg_catalog'::regnamespace)
    ) AS found
   GROUP BY key, oid ORDER BY 2`)

export async function functionsByPath(
  { session, searchPath }: PlanContext,
  { impact: { changes } }: ChangeSet,
): Promise<readonly Warning[]> {
  if (session.serverVersion < 170_000) return []
  const objects = changes.flatMap((change) => createdBy(change))
  const called = objects.flatMap(({ object, functions }) =>
    functions.map((each) => ({ key: keyOf(object.id), ...each })),
  )
  if (called.length === 0) return []
  const rows = await inReadOnlyTransaction(session, () =>
    session.query<Row>(bodiesQuery, [JSON.stringify(called), searchPath]),
  )
  const found = groupBy(rows, ({ key }) => key)
  return objects.flatMap(({ object: { id } }) => (found.get(keyOf(id)) ?? []).map((row) => warningOf(id, row)))
}

interface CreatedObject {
  readonly object: WantedObject
  readonly functions: readonly CalledFunction[]
}

function createdBy(change: Change): readonly CreatedObject[] {
  if (change.op !== 'create' && change.op !== 'replace') return []
  const { to } = change
  if (to.id.kind !== 'materializedView' && to.id.kind !== 'index') return []
  const functions = calledFunctions(kindOf(to.id).sqlFragments?.(to.spec) ?? [])
  return functions.length === 0 ? [] : [{ object: to, functions }]
}

function warningOf(id: WantedObject['id'], { title: name, names }: Row): Warning {
  const title = titleOf(id)
  const what = id.kind === 'index' ? 'indexes are created' : 'materialized views are loaded'
  return {
    code: 'server/rejected',
    key: keyOf(id),
    title,
    message: `${title}: function ${name} finds ${names} by search_path, which PostgreSQL sets to pg_catalog, pg_temp while ${what}`,
    hint: `Qualify the names in the function, or set its path: ALTER FUNCTION ${name} SET search_path = …`,
  }
}
