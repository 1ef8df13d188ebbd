// Resolves one import from the answer of its source or, without an answer, from what was last applied.

import type { Problem } from '../core/errors.ts'
import { warningsOfNotices } from '../core/notice.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Refusal, Undetermined, Warning } from '../core/plan.ts'
import { ident, qualified } from '../core/sql.ts'
import type { Ledger } from '../ledger/read.ts'
import {
  type CopiedType,
  type FormerNames,
  importTitle,
  type TableIdentity,
  type TableStanza,
} from '../manifest/expansion/imports.ts'
import { unidentified } from '../manifest/expansion/lock.ts'
import type { ImportRequest, Manifest } from '../manifest/manifest.ts'
import type { Answer } from './answers.ts'
import { formerNames, recordedIdentities } from './former-names.ts'
import type { Reason } from './reasons.ts'
import type { ServerContext } from './server-context.ts'
import { lastTables, lastTypes, tableStanza } from './stanzas.ts'

export interface ResolvedImport {
  readonly request: ImportRequest
  readonly tables: ReadonlyMap<string, TableStanza>
  readonly types: readonly CopiedType[]
  readonly identities: ReadonlyMap<string, TableIdentity>
  readonly formerNames: ReadonlyMap<string, FormerNames>
  readonly leftOut: ReadonlySet<string>
  /** The last applied types that the source did not describe. See {@link withKeptTypes}. */
  readonly keptTypes: readonly CopiedType[]
  /** Whether the source has listed its tables. */
  readonly isComplete: boolean
  /** Why it has not, for what cannot do with the tables of the last apply. */
  readonly unanswered?: Problem
  readonly undetermined: readonly Undetermined[]
  readonly refusals: readonly Refusal[]
  readonly warnings: readonly Warning[]
}

export function resolveImport(
  request: ImportRequest,
  answer: Answer | undefined,
  { ledger }: ServerContext,
  manifest: Manifest,
): ResolvedImport {
  const last = lastTables(ledger, request, manifest.servers?.[request.server]?.renamed_from)
  const found = { key: keyOf({ kind: 'server', name: request.server }), title: importTitle(request) }
  if (answer?.status === 'answered') {
    const tables = new Map(Array.from(answer.tables, ([name, spec]) => [name, tableStanza(request.schema, name, spec)]))
    const former = formerNames(ledger, request, answer.identities)
    const formerOf = (name: string) => former.get(name)?.table ?? name
    const keptNames = [...answer.failed.keys(), ...[...answer.kept.keys()].map(formerOf)]
    const isKept = (name: string) => last.has(formerOf(name))
    for (const name of keptNames) {
      const kept = last.get(name)
      if (kept) tables.set(name, kept)
    }
    const declared = manifest.schemas?.[request.schema]?.foreign_tables ?? {}
    const failures = [...answer.failed].filter(([name]) => !Object.hasOwn(declared, name))
    const undetermined = failures.map(([name, failure]) => failedTable(request, name, failure, last.has(name)))
    const { copied } = answer
    // A table that is kept may use a type that the source no longer has.
    const keepsTables = keptNames.some((name) => last.has(name))
    const keptTypes = lastTypes(ledger).filter(
      (type) => request.copiesTypes && (keepsTables || copied.failed.has(titleOf(type))),
    )
    return {
      request,
      tables,
      types: copied.types,
      identities: new Map([...answer.identities, ...recordedIdentities(ledger, request, keptNames)]),
      formerNames: new Map([...former].filter(([name]) => answer.tables.has(name))),
      leftOut: new Set([...answer.failed.keys(), ...answer.kept.keys()]),
      keptTypes,
      isComplete: true,
      undetermined: [...copied.undetermined, ...undetermined, ...keptTables(request, answer.kept, isKept)],
      refusals: [],
      warnings: [
        ...copied.warnings,
        ...answer.warnings,
        ...warningsOfNotices(answer.notices.map((notice) => ({ ...found, notice }))),
      ],
    }
  }
  const failure = answer?.status === 'unanswered' ? answer : undefined
  const keptTypes = request.copiesTypes ? lastTypes(ledger) : []
  const code = failure?.code ?? 'source/unreachable'
  const unasked = failure ? `its source could not be asked: ${failure.reason}` : 'its source was not asked'
  const kept = {
    request,
    tables: last,
    types: [],
    keptTypes,
    isComplete: false,
    unanswered: { code, message: `${found.title}: ${unasked}`, hint: failure?.hint ?? '' },
    warnings: [],
    ...unidentified,
  }
  if (last.size === 0) {
    const hint = `${failure?.hint ?? ''} No earlier apply has recorded its tables.`.trim()
    return { ...kept, undetermined: [], refusals: [{ code, ...found, reason: unasked, hint }] }
  }
  if (!failure) return { ...kept, undetermined: [], refusals: [] }
  const reason = `its source could not be asked, so the ${last.size} tables of the last apply are kept: ${failure.reason}`
  return {
    ...kept,
    undetermined: [{ code: failure.code, ...found, reason, hint: failure.hint, follows: false }],
    refusals: [],
  }
}

function keptTables(
  { schema }: ImportRequest,
  kept: ReadonlyMap<string, Reason>,
  isKept: (name: string) => boolean,
): readonly Undetermined[] {
  return Array.from(kept, ([name, { reason, hint }]) => {
    const about = {
      key: keyOf({ kind: 'foreignTable', schema, name }),
      title: `foreign table ${qualified(schema, name)}`,
      follows: false,
    } as const
    return isKept(name)
      ? {
          ...about,
          code: 'source/not-followed',
          reason: `it is kept as it was last applied, and so is its copy. It has changed at the source, but ${reason}`,
          hint,
        }
      : {
          ...about,
          code: 'source/not-importable',
          reason: `it is left out: ${reason}`,
          hint: `${hint} Or exclude the table: except: [${ident(name)}].`.trim(),
        }
  })
}

function failedTable(request: ImportRequest, name: string, failure: Reason, isKept: boolean): Undetermined {
  const key: Key = keyOf({ kind: 'foreignTable', schema: request.schema, name })
  const what = isKept ? 'it cannot be imported, and is kept as it was last applied' : 'it cannot be imported'
  const hint = failure.hint || 'Create what it needs here.'
  const without = hint.includes('except') ? '' : ` Or exclude the table: except: [${ident(name)}].`
  return {
    code: 'source/not-importable',
    key,
    title: `foreign table ${qualified(request.schema, name)}`,
    reason: `${what}: ${failure.reason}`,
    hint: `${hint}${without}`,
    follows: false,
  }
}

/** Adds the kept types that no source has described. */
export function withKeptTypes(all: readonly ResolvedImport[]): readonly ResolvedImport[] {
  const described = new Set(all.flatMap(({ types }) => types.map(titleOf)))
  return all.map((each) => ({
    ...each,
    types: [...each.types, ...each.keptTypes.filter((type) => !described.has(titleOf(type)))],
    keptTypes: [],
  }))
}

/** Leaves out types that another manifest owns, since that manifest keeps them up to date. */
export function withoutTypesOfOtherManifests(
  all: readonly ResolvedImport[],
  { entries, otherOwners }: Ledger,
): readonly ResolvedImport[] {
  const isOwnedByOther = ({ schema, name }: CopiedType) => {
    const key = keyOf({ kind: 'type', schema, name })
    return otherOwners.has(key) && !entries.has(key)
  }
  return all.map((each) => ({ ...each, types: each.types.filter((type) => !isOwnedByOther(type)) }))
}

function titleOf({ schema, name }: CopiedType): string {
  return qualified(schema, name)
}
