import { randomBytes } from 'node:crypto'
import type { DeclaredObject, FieldChange, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import type { DependencyDigests } from '../introspector/dependency-digests.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { CatalogReading } from '../introspector/read-catalog.ts'
import { kindOf } from '../kinds/registry.ts'
import type { Ledger } from '../ledger/read.ts'
import type { RelationName } from '../parser/relations-read.ts'

export interface ProbeResult {
  /** What is wanted, as the catalog would show it. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /**
   * What is there, as the catalog shows it once an extension is where it is declared to be: the names of its types and
   * operators are shown with their schema, which makes no other definition of what uses them.
   */
  readonly live: LiveState
  readonly findings: readonly ProbeFinding[]
}

export interface ProbeInput {
  readonly declared: readonly DeclaredObject[]
  readonly searchPath: readonly string[]
  readonly reading: CatalogReading
  readonly ledger: Ledger
  readonly digests: RunDigests
  /** Of what is as it was when it was last proven. */
  readonly dependencyDigests: DependencyDigests
}

/** `spec` has what the manifest leaves open filled in; `written` is what it says. */
export interface SettledObject extends DeclaredObject {
  readonly written: unknown
}

/** What one run of the probe knows and finds out. Lives for one rolled-back transaction. */
export interface ProbeRun {
  readonly session: Session
  /** What is there is read again when something that others find by its name is moved. */
  input: ProbeInput
  readonly scratchSchema: string
  /** The declaration with what it leaves open filled in, its SQL still as written. */
  readonly settled: ReadonlyMap<Key, SettledObject>
  readonly standIns: Map<Key, ObjectId>
  readonly wanted: Map<Key, WantedObject>
  readonly findings: ProbeFinding[]
  /** What is there under another name than it will have. */
  readonly elsewhere: LiveState
  /** What was made under its real name. */
  readonly underRealNames: Set<Key>
  /** Live types that are put aside, the wanted ones being made whole in their place. */
  readonly recreatedTypes: Set<Key>
  /** Whether types that change are to be renewed, so that new values of an enumeration can be used. */
  readonly recreatesTypes: boolean
  /** Something could not be tried out since it uses such a value. */
  usesNewValues: boolean
}

export function newRun(session: Session, input: ProbeInput, recreatesTypes: boolean): ProbeRun {
  const settled = new Map(
    input.declared.map((object) => {
      const key = keyOf(object.id)
      const last = input.ledger.entries.get(key)?.declared
      const spec = kindOf(object.id).settle(object.spec, last, input.reading.live.get(key)?.spec)
      return [key, { ...object, spec, written: object.spec }]
    }),
  )
  const { reading } = input
  // What is called otherwise today is not there under the name that queries have.
  const isElsewhere = ({ elsewhere }: LiveObject) => elsewhere !== undefined
  const there = new Map([...reading.live].filter(([, object]) => !isElsewhere(object)))
  const scratchSchema = `fdwsync_probe_${randomBytes(6).toString('hex')}`
  return {
    session,
    input: { ...input, reading: { ...reading, live: there } },
    scratchSchema,
    settled,
    standIns: new Map(),
    wanted: new Map(),
    findings: [],
    elsewhere: new Map([...reading.live].filter(([, object]) => isElsewhere(object))),
    underRealNames: new Set(),
    recreatedTypes: new Set(),
    recreatesTypes,
    usesNewValues: false,
  }
}

export function differs(run: ProbeRun, object: DeclaredObject, live: LiveObject): boolean {
  return differences(run, object, live).length > 0
}

/** What differs of an object from what is there, as far as that can be told without the server. */
export function differences(run: ProbeRun, object: DeclaredObject, live: LiveObject): readonly FieldChange[] {
  const last = run.input.ledger.entries.get(keyOf(object.id))?.declared
  const context = { declared: object.spec, last, digests: run.input.digests }
  return kindOf(object.id).compare(object.id, live.spec, object.spec, context)
}

/** Whether a plan looks at it: what is declared or owned, and whatever plain views of people stand between such. */
export function isKnown({ settled, input }: ProbeRun, key: Key): boolean {
  return settled.has(key) || input.reading.live.has(key) || idOf(key)?.kind === 'view'
}

/** Notes what is wanted of an object. */
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

/** An object that is defined by a query, with the relations that the query names. */
export interface QueryObject {
  readonly object: DeclaredObject
  readonly names: readonly RelationName[]
  /** Those of them that are declared. */
  readonly reads: readonly Key[]
  /** What lives and dies with it: its indexes. */
  readonly children: readonly DeclaredObject[]
}

/** Whether a declared relation is not there yet, or is there with other columns than it will have. */
export function isNewOrReshaped(run: ProbeRun, key: Key, besides: readonly QueryObject[]): boolean {
  const live = run.input.reading.live.get(key)
  if (!live || live.renamedColumns || besides.some(({ object }) => keyOf(object.id) === key)) return true
  if (live.needs.some((need) => run.recreatedTypes.has(need))) return true
  const wanted = run.wanted.get(key)
  const { columns } = kindOf(live.id)
  const shape = (spec: unknown) => JSON.stringify([...(columns?.(spec) ?? [])])
  return wanted !== undefined && shape(live.spec) !== shape(wanted.spec)
}
