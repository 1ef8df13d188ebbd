import { type Key, keyOf } from '../core/object.ts'
import type { Refusal, Undetermined, Warning } from '../core/plan.ts'
import { qualified } from '../core/sql.ts'
import type { Ledger } from '../ledger/read.ts'
import { type CopiedType, importTitle, type TableStanza } from '../manifest/expansion/imports.ts'
import type { ImportRequest, Manifest } from '../manifest/manifest.ts'
import type { Answer } from './ask-source.ts'
import type { Reason } from './reasons.ts'
import type { ServerContext } from './server-setup.ts'
import { lastTables, lastTypes, tableStanza } from './stanzas.ts'

export interface ResolvedImport {
  readonly request: ImportRequest
  readonly tables: ReadonlyMap<string, TableStanza>
  readonly types: readonly CopiedType[]
  /** Those of the last apply, of which the source did not say what they are now. */
  readonly keptTypes: readonly CopiedType[]
  readonly isComplete: boolean
  readonly undetermined: readonly Undetermined[]
  readonly refusals: readonly Refusal[]
  readonly warnings: readonly Warning[]
}

/** What an import is now: what its source said, or what it was last. */
export function resolveImport(
  request: ImportRequest,
  answer: Answer | undefined,
  { ledger }: ServerContext,
  manifest: Manifest,
): ResolvedImport {
  const last = lastTables(ledger, request, manifest.servers?.[request.server]?.renamed_from)
  const found = { key: keyOf({ kind: 'server', name: request.server }), title: importTitle(request) }
  if (answer?.status === 'read') {
    const tables = new Map(Array.from(answer.tables, ([name, spec]) => [name, tableStanza(request.schema, name, spec)]))
    for (const name of answer.failed.keys()) {
      const kept = last.get(name)
      if (kept) tables.set(name, kept)
    }
    const spelled = manifest.schemas?.[request.schema]?.foreign_tables ?? {}
    const missed = [...answer.failed].filter(([name]) => !Object.hasOwn(spelled, name))
    const undetermined = missed.map(([name, why]) => failedTable(request, name, why, last.has(name)))
    const { copied } = answer
    // A table that stays as it was may use a type that the source no longer has.
    const keepsTables = [...answer.failed.keys()].some((name) => last.has(name))
    const keptTypes = lastTypes(ledger).filter(
      (type) => request.copiesTypes && (keepsTables || copied.failed.has(titleOf(type))),
    )
    return {
      request,
      tables,
      types: copied.types,
      keptTypes,
      isComplete: true,
      undetermined: [...copied.undetermined, ...undetermined],
      refusals: [],
      warnings: copied.warnings,
    }
  }
  const unknown = answer?.status === 'unknown' ? answer : undefined
  const keptTypes = request.copiesTypes ? lastTypes(ledger) : []
  const kept = { request, tables: last, types: [], keptTypes, isComplete: false, warnings: [] }
  if (last.size === 0) {
    const reason = unknown ? `its source could not be asked: ${unknown.reason}` : 'its source was not asked'
    const hint = `${unknown?.hint ?? ''} Nothing is known of it from an earlier apply.`.trim()
    return { ...kept, undetermined: [], refusals: [{ code: 'source/unreachable', ...found, reason, hint }] }
  }
  if (!unknown) return { ...kept, undetermined: [], refusals: [] }
  const reason = `its source could not be asked, so the ${last.size} tables of the last apply are kept: ${unknown.reason}`
  return {
    ...kept,
    undetermined: [{ code: 'source/unreachable', ...found, reason, hint: unknown.hint, follows: false }],
    refusals: [],
  }
}

function failedTable(request: ImportRequest, name: string, why: Reason, isKept: boolean): Undetermined {
  const key: Key = keyOf({ kind: 'foreignTable', schema: request.schema, name })
  const what = isKept ? 'it can not be imported, and stays as it was applied last' : 'it can not be imported'
  const hint = why.hint || 'Make here what it needs, or leave the table out by except.'
  return {
    code: 'source/not-importable',
    key,
    title: `foreign table ${qualified(request.schema, name)}`,
    reason: `${what}: ${why.reason}`,
    hint,
    follows: false,
  }
}

/** What no source has said anew of a type is what it was last. */
export function withKeptTypes(all: readonly ResolvedImport[]): readonly ResolvedImport[] {
  const said = new Set(all.flatMap(({ types }) => types.map(titleOf)))
  return all.map((each) => ({
    ...each,
    types: [...each.types, ...each.keptTypes.filter((type) => !said.has(titleOf(type)))],
    keptTypes: [],
  }))
}

/** A type that another manifest has made, and keeps as at its source, serves this one too. */
export function withoutTypesOfOtherManifests(
  all: readonly ResolvedImport[],
  { entries, otherOwners }: Ledger,
): readonly ResolvedImport[] {
  const isTheirs = ({ schema, name }: CopiedType) => {
    const key = keyOf({ kind: 'type', schema, name })
    return otherOwners.has(key) && !entries.has(key)
  }
  return all.map((each) => ({ ...each, types: each.types.filter((type) => !isTheirs(type)) }))
}

function titleOf({ schema, name }: CopiedType): string {
  return qualified(schema, name)
}
