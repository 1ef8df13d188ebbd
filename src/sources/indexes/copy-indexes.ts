// Finds the source's indexes for the copies of mirrors that have them.

import { groupBy } from '../../core/data.ts'
import type { Warning } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import type { IndexStanza } from '../../manifest/expansion/imports.ts'
import { hasOwnQuery, mirrorOf } from '../../manifest/expansion/mirrored-copy.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import type { Answers } from '../imports/answers.ts'
import type { ResolvedImport } from '../imports/resolve-import.ts'
import { lastIndexes } from '../imports/stanzas.ts'
import type { ServerContext } from '../server-context.ts'
import { type IndexesToRecreate, recreateIndexes } from './recreate-indexes.ts'

type CopiedIndexes = ReadonlyMap<ResolvedImport, ReadonlyMap<string, Readonly<Record<string, IndexStanza>>>>

/**
 * The indexes of each mirror, by table: those of the source or, for a table that was not read, those that were last applied. A view
 * with a query of its own gets none.
 */
export async function copyIndexes(
  session: Session,
  context: ServerContext,
  manifest: Manifest,
  all: readonly ResolvedImport[],
  answers: Answers,
): Promise<{ readonly indexes: CopiedIndexes; readonly warnings: readonly Warning[] }> {
  const indexes = new Map<ResolvedImport, Map<string, Record<string, IndexStanza>>>()
  const toRecreate = new Map<IndexesToRecreate, ResolvedImport>()
  for (const resolved of all) {
    const { request } = resolved
    const mirror = mirrorOf(manifest, request)
    if (!mirror || !request.withIndexes) continue
    const last = lastIndexes(context.ledger, mirror.schema)
    const answer = answers.get(request)
    const read: ReadonlyMap<string, ForeignTableSpec> = answer?.status === 'answered' ? answer.tables : new Map()
    const kept = Array.from(resolved.tables.keys()).filter((table) => !read.has(table))
    indexes.set(resolved, new Map(kept.map((table) => [table, last.get(table) ?? {}])))
    if (answer?.status !== 'answered') continue
    const ofTables = groupBy(answer.indexes, ({ table }) => table)
    for (const [table, { columns }] of read) {
      if (hasOwnQuery(manifest, request, table)) continue
      toRecreate.set({ schema: mirror.schema, table, columns, indexes: ofTables.get(table) ?? [] }, resolved)
    }
  }
  const recreated = await recreateIndexes(session, context, [...toRecreate.keys()])
  for (const { of, name, stanza } of recreated.indexes) {
    const resolved = toRecreate.get(of)
    const tables = resolved && indexes.get(resolved)
    tables?.set(of.table, { ...tables.get(of.table), [name]: stanza })
  }
  return { indexes, warnings: recreated.warnings }
}
