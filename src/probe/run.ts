// The state of one run of the probe, and small functions that query it.

import type { DeclaredObject, FieldChange, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { Problem } from '../core/errors.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { kindChange } from '../core/kind-change.ts'
import type { ObjectNotice } from '../core/notice.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Warning } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { newSuffix } from '../db/suffix.ts'
import type { DependencyDigests } from '../introspector/dependency-digests.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import type { EvaluatingCode } from '../introspector/evaluation/evaluation.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import type { ReferencedCode } from '../introspector/referenced-code.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import type { RelationName } from '../parser/relations-read.ts'

/** Another session has committed something since the target was read, so everything has to be planned once more. */
export class TargetChangedError extends Error {}

/** How long the probe waits for a lock on a live relation. Readers that queue behind it wait as long. */
export const lockTimeoutMilliseconds = 400

export interface ProbeResult {
  /** The wanted objects, as the catalog would show them. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /**
   * The live objects, as the catalog shows them once every extension is in its declared schema. The schema of a type or
   * operator is in the deparsed text, but moving it does not change the definition of the objects that use it.
   */
  readonly live: LiveState
  readonly findings: readonly ProbeFinding[]
  /** The code that the SQL of the probed objects refers to, if a plan reports it. */
  readonly code: ReadonlyMap<Key, readonly ReferencedCode[]>
  /** Warnings of the server while it checked servers and user mappings. */
  readonly notices: readonly ObjectNotice[]
  /** Objects that exist, and whose options this role may not check. */
  readonly warnings: readonly Warning[]
  /** Objects that exist, and that the server would not create again, with its reasons. */
  readonly notCreatable: ReadonlyMap<Key, string>
}

export interface ProbeInput {
  readonly declared: readonly DeclaredObject[]
  /** Objects that are not fully known, since a reference could not be resolved. */
  readonly unresolved: ReadonlyMap<Key, Problem>
  readonly searchPath: readonly string[]
  /** Roles whose code unqualified names may find: see introspector/referenced-code.ts. */
  readonly trustedRoles: readonly string[]
  readonly reading: CatalogReading
  readonly ledger: Ledger
  readonly digests: RunDigests
  /** The digests of objects that are unchanged since they last matched their declaration. */
  readonly dependencyDigests: DependencyDigests
  /** Whether some of the declared objects are unmanaged: other roles have written their SQL, and chosen its names. */
  readonly withUnmanaged?: boolean
  /** Which user-defined code may be run to create objects. */
  readonly mayEvaluate: MayEvaluate
}

/** `spec` includes defaults for what the manifest leaves open; `written` is the declaration as written. */
export interface SettledObject extends DeclaredObject {
  readonly written: unknown
}

/** The state of one run, in one transaction that is rolled back. */
export interface ProbeRun {
  readonly session: Session
  /** Its live objects are replaced when something that others find by name has moved. */
  input: ProbeInput
  readonly scratchSchema: string
  /** The declared objects with defaults for what the manifest leaves open, their SQL still as written. */
  readonly settled: ReadonlyMap<Key, SettledObject>
  readonly standIns: Map<Key, ObjectId>
  readonly wanted: Map<Key, WantedObject>
  readonly findings: ProbeFinding[]
  readonly code: Map<Key, readonly ReferencedCode[]>
  readonly notices: ObjectNotice[]
  readonly warnings: Warning[]
  readonly notCreatable: Map<Key, string>
  /** Live objects that currently have another name than the declared one. */
  readonly elsewhere: LiveState
  /** The scratch schema of each schema in which something is created under its own name. */
  readonly namesakes: Map<string, string>
  /** The relation keys of what was created under its own name, or is about to be. */
  readonly ownNames: Set<string>
  /** The relation keys of functions that come with such objects: the constructors of ranges. */
  readonly ownFunctions: Set<string>
  /** The objects that were created under their own names. */
  readonly underOwnNames: Set<Key>
  /** Types that SQL finds in a scratch schema instead of their own. */
  readonly scratchTypes: Set<Key>
  /** The types and tables that use row types, with what they need: see row-type-users.ts. */
  rowTypeUsers: ReadonlyMap<Key, readonly Key[]>
  /** Whether types are as this plan alters them: enumerations with new values, composite types with new attributes. */
  readonly usesFutureTypes: boolean
  /** Whether something could not be created because a type lacks a value or an attribute. */
  needsFutureTypes: boolean
  /** A cache of what runs user-defined code in this database: see evaluation.ts. */
  evaluatingCode: EvaluatingCode | undefined
  /** The number of stand-in names given out. A name is never used twice, even if the stand-in failed. */
  names: number
}

export function newRun(session: Session, input: ProbeInput, usesFutureTypes: boolean): ProbeRun {
  const settled = new Map(
    input.declared.map((object) => {
      const key = keyOf(object.id)
      const last = input.ledger.entries.get(key)?.declared
      const spec = kindOf(object.id).settle(object.spec, last, input.reading.live.get(key)?.spec)
      return [key, { ...object, spec, written: object.spec }]
    }),
  )
  const { reading } = input
  // Queries contain the declared name of an object, and do not find it while it has another one.
  const isElsewhere = ({ elsewhere }: LiveObject) => elsewhere !== undefined
  const live = new Map([...reading.live].filter(([, object]) => !isElsewhere(object)))
  const scratchSchema = `fdwsync_probe_${newSuffix()}`
  return {
    session,
    input: { ...input, reading: { ...reading, live } },
    scratchSchema,
    settled,
    standIns: new Map(),
    wanted: new Map(),
    findings: [],
    notices: [],
    warnings: [],
    notCreatable: new Map(),
    code: new Map(),
    elsewhere: new Map([...reading.live].filter(([, object]) => isElsewhere(object))),
    namesakes: new Map(),
    ownNames: new Set(),
    ownFunctions: new Set(),
    underOwnNames: new Set(),
    scratchTypes: new Set(),
    rowTypeUsers: new Map(),
    usesFutureTypes,
    needsFutureTypes: false,
    evaluatingCode: undefined,
    names: 0,
  }
}

export function differs(run: ProbeRun, object: DeclaredObject, live: LiveObject): boolean {
  return differences(run, object, live).length > 0
}

/** How an object differs from the live one, as far as can be determined without the server. */
export function differences(run: ProbeRun, object: DeclaredObject, live: LiveObject): readonly FieldChange[] {
  if (live.currentId) return [kindChange(live.currentId, object.id)]
  const last = run.input.ledger.entries.get(keyOf(object.id))?.declared
  const context = { declared: object.spec, last, digests: run.input.digests }
  return kindOf(object.id).compare(object.id, live.spec, object.spec, context)
}

/**
 * Whether a plan considers an object: a declared or owned one, or one that may be between two such objects: a plain view, or a
 * table that foreign ones inherit from. A stand-in is none of them.
 */
export function isKnown({ settled, input, scratchSchema }: ProbeRun, key: Key): boolean {
  if (settled.has(key) || input.reading.live.has(key)) return true
  const id = idOf(key)
  return (id?.kind === 'view' || id?.kind === 'table') && id.schema !== scratchSchema
}

/** Records the wanted spec of an object. */
export function recordWanted(
  run: ProbeRun,
  object: DeclaredObject,
  spec: unknown,
  moreNeeds: readonly Key[] = [],
): void {
  const needs = [...new Set([...object.needs, ...moreNeeds])]
  const written = run.settled.get(keyOf(object.id))?.written
  run.wanted.set(keyOf(object.id), { id: object.id, spec, needs, declared: object.spec, written })
}

/** An object that is defined by a query, with the relations that the query names, or one that uses row types. */
export interface QueryObject {
  readonly object: DeclaredObject
  readonly names: readonly RelationName[]
  /** The declared relations that the query names. */
  readonly reads: readonly Key[]
  /** Its indexes. */
  readonly children: readonly DeclaredObject[]
}

/** Whether a declared relation does not exist under its name yet, or does not have its wanted columns yet. */
export function isNewOrReshaped(run: ProbeRun, key: Key, besides: readonly QueryObject[]): boolean {
  const live = run.input.reading.live.get(key)
  if (
    !live ||
    live.renamedColumns ||
    run.scratchTypes.has(key) ||
    besides.some(({ object }) => keyOf(object.id) === key)
  )
    return true
  if (live.needs.some((need) => run.scratchTypes.has(need))) return true
  const wanted = run.wanted.get(key)
  const { columns } = kindOf(live.id)
  const shape = (spec: unknown) => JSON.stringify([...(columns?.(spec) ?? [])])
  return wanted !== undefined && shape(live.spec) !== shape(wanted.spec)
}
