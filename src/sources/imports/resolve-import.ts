// Resolves one import from the answer of its source or, without an answer, from what was last applied.

import type { Problem } from '../../core/errors.ts'
import { warningsOfNotices } from '../../core/notice.ts'
import { keyOf } from '../../core/object.ts'
import type { Refusal, Undetermined, Warning } from '../../core/plan.ts'
import { ident, qualified } from '../../core/sql.ts'
import type { Ledger } from '../../ledger/read.ts'
import {
  type CopiedType,
  type FormerNames,
  importTitle,
  type TableIdentity,
  type TableStanza,
} from '../../manifest/expansion/imports.ts'
import { unidentified } from '../../manifest/expansion/lock.ts'
import type { ImportRequest, Manifest } from '../../manifest/manifest.ts'
import type { Reason } from '../reasons.ts'
import type { ServerContext } from '../server-context.ts'
import type { Answer, ImportAnswer, SourceFailure } from './answers.ts'
import { formerNames, recordedIdentities } from './former-names.ts'
import { lastTables, lastTypes, tableStanza } from './stanzas.ts'

type Unanswered = Extract<SourceFailure, { status: 'unanswered' }>

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
  if (answer?.status === 'answered') return resolveFromAnswer(request, answer, { ledger, last }, manifest)
  return resolveFromLastApply(request, answer?.status === 'unanswered' ? answer : undefined, { ledger, last })
}

interface LastApply {
  readonly ledger: Ledger
  /** The tables of the import. */
  readonly last: ReadonlyMap<string, TableStanza>
}

function resolveFromAnswer(
  request: ImportRequest,
  answer: ImportAnswer,
  { ledger, last }: LastApply,
  manifest: Manifest,
): ResolvedImport {
  const { copied, failed, kept, identities } = answer
  const former = formerNames(ledger, request, identities)
  const lastNameOf = (name: string) => former.get(name)?.table ?? name
  // The last names of the tables that are not as the answer has them.
  const lastNames = [...failed.keys(), ...kept.keys()].map(lastNameOf)
  const keptTables = lastNames.flatMap((name) => {
    const stanza = last.get(name)
    return stanza ? [[name, stanza] as const] : []
  })
  const imported = Array.from(answer.tables, ([name, spec]) => [name, tableStanza(request.schema, name, spec)] as const)
  const declared = manifest.schemas?.[request.schema]?.foreign_tables ?? {}
  const undeclared = [...failed].filter(([name]) => !Object.hasOwn(declared, name))
  // A table that is kept may use a type that the source no longer has.
  const undetermined = new Set(copied.undetermined.map(({ key }) => key))
  const keepsType = (type: CopiedType) =>
    keptTables.length > 0 ||
    copied.failed.has(titleOf(type)) ||
    undetermined.has(keyOf({ kind: 'type', schema: type.schema, name: type.name }))
  return {
    request,
    tables: new Map([...imported, ...keptTables]),
    types: copied.types,
    identities: new Map([...identities, ...recordedIdentities(ledger, request, lastNames)]),
    formerNames: new Map([...former].filter(([name]) => answer.tables.has(name))),
    leftOut: new Set([...failed.keys(), ...kept.keys()]),
    keptTypes: request.copiesTypes ? lastTypes(ledger).filter(keepsType) : [],
    isComplete: true,
    undetermined: [
      ...copied.undetermined,
      ...undeclared.map(([name, failure]) => {
        const lastName = lastNameOf(name)
        return failedTable(request, name, failure, last.has(lastName) ? lastName : undefined)
      }),
      ...Array.from(kept, ([name, reason]) =>
        last.has(lastNameOf(name)) ? keptTable(request, name, reason) : omittedTable(request, name, reason),
      ),
    ],
    refusals: [],
    warnings: [
      ...copied.warnings,
      ...answer.warnings,
      ...warningsOfNotices(answer.notices.map((notice) => ({ ...subjectOf(request), notice }))),
    ],
  }
}

/** @param failure why the source could not be asked; undefined if it was not asked */
function resolveFromLastApply(
  request: ImportRequest,
  failure: Unanswered | undefined,
  { ledger, last }: LastApply,
): ResolvedImport {
  const subject = subjectOf(request)
  const code = failure?.code ?? 'source/unreachable'
  const unasked = failure ? `its source could not be asked: ${failure.reason}` : 'its source was not asked'
  const kept = {
    request,
    tables: last,
    types: [],
    keptTypes: request.copiesTypes ? lastTypes(ledger) : [],
    isComplete: false,
    unanswered: { code, message: `${subject.title}: ${unasked}`, hint: failure?.hint ?? '' },
    undetermined: [],
    refusals: [],
    warnings: [],
    ...unidentified,
  }
  if (last.size === 0) {
    const hint = `${failure?.hint ?? ''} No earlier apply has recorded its tables.`.trim()
    return { ...kept, refusals: [{ code, ...subject, reason: unasked, hint }] }
  }
  if (!failure) return kept
  const reason = `its source could not be asked, so the tables of the last apply are kept: ${failure.reason}`
  return { ...kept, undetermined: [{ code, ...subject, reason, hint: failure.hint, follows: false }] }
}

function subjectOf(request: ImportRequest) {
  return { key: keyOf({ kind: 'server', name: request.server }), title: importTitle(request) }
}

function foreignTableOf({ schema }: ImportRequest, name: string) {
  const title = `foreign table ${qualified(schema, name)}`
  return { key: keyOf({ kind: 'foreignTable', schema, name }), title, follows: false } as const
}

function keptTable(request: ImportRequest, name: string, { reason, hint }: Reason): Undetermined {
  return {
    ...foreignTableOf(request, name),
    code: 'source/not-followed',
    reason: `it is kept as it was last applied, and so is its copy. It has changed at the source, but ${reason}`,
    hint,
  }
}

function omittedTable(request: ImportRequest, name: string, { reason, hint }: Reason): Undetermined {
  return {
    ...foreignTableOf(request, name),
    code: 'source/not-importable',
    reason: `it is left out: ${reason}`,
    hint: `${hint} Or exclude the table: except: [${ident(name)}].`.trim(),
  }
}

/** @param keptAs the name under which the table is kept as it was last applied, if it is */
function failedTable(
  request: ImportRequest,
  name: string,
  { reason, hint }: Reason,
  keptAs: string | undefined,
): Undetermined {
  const under = keptAs === undefined || keptAs === name ? '' : `, as ${ident(keptAs)}`
  const kept = keptAs === undefined ? '' : `, and is kept as it was last applied${under}`
  const excluding = hint.includes('except') ? '' : ` Or exclude the table: except: [${ident(name)}].`
  return {
    ...foreignTableOf(request, name),
    code: 'source/not-importable',
    reason: `it cannot be imported${kept}: ${reason}`,
    hint: `${hint || 'Create what it needs here.'}${excluding}`,
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
