// Checks whether the defaults, rules and triggers of a view can be recreated on its new columns.

import type { Lost, TriedView } from '../core/dependent.ts'
import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { type Place, requalifyForScratch, tryStatements } from './stand-ins.ts'

// Objects on a view that depend on the types of its columns.
const partsQuery = trusted(`
  SELECT c.oid, format('default of %I', attname) AS part,
         format('ALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s', nspname, relname, attname, pg_get_expr(adbin, adrelid)) AS sql
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attrdef ON adrelid = c.oid
    JOIN pg_attribute a ON attrelid = c.oid AND attnum = adnum WHERE c.oid = ANY ($1::oid[])
  UNION ALL
  SELECT ev_class, format('rule %I', rulename), pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = ANY ($1::oid[]) AND rulename <> '_RETURN'
  UNION ALL
  SELECT tgrelid, format('trigger %I', tgname), pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = ANY ($1::oid[]) AND NOT tgisinternal`)

/** For the views that can be recreated: the reasons why some of their defaults, rules or triggers cannot. */
export async function unrecreatableParts(
  session: Session,
  tried: readonly TriedView[],
  place: Place,
): Promise<ReadonlyMap<Key, Lost>> {
  const recreated = new Map(
    tried.flatMap((view) => (view.outcome.becomes === 'recreated' ? [[view.live.oid, view.key]] : [])),
  )
  if (recreated.size === 0) return new Map()
  const failures = new Map<Key, Lost>()
  const rows = await session.query<{ oid: number; part: string; sql: string }>(partsQuery, [[...recreated.keys()]])
  for (const { oid, part, sql: text } of rows) {
    const key = recreated.get(oid)
    const why = await tryStatements(session, trusted(await requalifyForScratch(text, place)), place)
    if (key !== undefined && why) failures.set(key, { ...why, reason: `${part}: ${why.reason}` })
  }
  return failures
}
