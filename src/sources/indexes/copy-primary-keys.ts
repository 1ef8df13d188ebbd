// Finds the source's primary keys for the tables of mirrors, and names the tables that have none.

import type { Warning } from '../../core/plan.ts'
import { someOf } from '../../core/some-of.ts'
import { ident } from '../../core/sql.ts'
import type { ResolvedManifest } from '../../manifest/expansion/expand.ts'
import { originKey, type SourceTables } from '../../manifest/expansion/imports.ts'
import { mirrorOf } from '../../manifest/expansion/mirrored-copy.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import type { Answer } from '../imports/answers.ts'
import type { ResolvedImport } from '../imports/resolve-import.ts'
import { lastPrimaryKeys } from '../imports/stanzas.ts'
import type { ServerContext } from '../server-context.ts'

/** The primary keys of the source or, for a table that was not read, the one that was last applied. */
export function copyPrimaryKeys(
  { ledger }: ServerContext,
  manifest: Manifest,
  { request, tables }: ResolvedImport,
  answer: Answer | undefined,
): SourceTables['primaryKeys'] {
  const mirror = mirrorOf(manifest, request)
  if (!mirror || !request.withKeys) return new Map()
  const read = answer?.status === 'answered' ? answer : undefined
  const last = lastPrimaryKeys(ledger, mirror.schema)
  const found = Array.from(tables.keys(), (table) => {
    const key = (read?.tables.has(table) ? read.primaryKeys : last).get(table)
    return key ? [[table, key] as const] : []
  })
  return new Map(found.flat())
}

/** One warning for each mirror, about tables without a key: a refresh cannot match their rows. */
export function keylessWarnings({ asWritten, expanded, origins }: ResolvedManifest): readonly Warning[] {
  return Object.entries(asWritten.manifest.mirrors ?? {}).flatMap(([mirror, { schema }]): readonly Warning[] => {
    const tables = Object.entries(expanded.manifest.schemas?.[schema]?.tables ?? {})
    const keyless = tables.flatMap(([table, { primary_key }]) => {
      const [, from] = origins.get(originKey(['schemas', schema, 'tables', table])) ?? []
      return from === mirror && primary_key === undefined ? [ident(table)] : []
    })
    const [first] = keyless
    if (first === undefined) return []
    const message = `mirror ${ident(mirror)}: the source has no primary key for all rows of ${someOf(keyless, 10)}, so each refresh rebuilds the whole copy. To declare one: tables: { ${first}: { primary_key: [column] } }`
    return [{ code: 'source/no-key', message }]
  })
}
