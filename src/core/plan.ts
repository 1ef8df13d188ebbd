// A plan: the changes, the steps that carry them out, and what keeps it from being applied.

import type { Change, FieldCause, Origin } from './change.ts'
import type { ProblemCode } from './codes.ts'
import type { Key } from './object.ts'
import type { SourceReport } from './source.ts'
import type { Statement } from './sql.ts'

/** Hazards that apply must be told to accept; the others are announced. */
export const hazardsToAllow = ['drops-data', 'drops-dependents', 'exposes-secret'] as const
export type HazardToAllow = (typeof hazardsToAllow)[number]
export type HazardName =
  | HazardToAllow
  | 'blocks-readers'
  | 'changes-result-type'
  | 'reads-source'
  | 'rebuilds-dependents'
  | 'recreates-dependents'
  | 'widens-access'

export interface Hazard {
  readonly name: HazardName
  /** A sentence for people, without the object's name. */
  readonly detail: string
}

export function mustBeAllowed(hazard: Hazard): boolean {
  return hazardsToAllow.some((name) => name === hazard.name)
}

/**
 * `prepare` is one transaction for what must be committed before it can be used: values added to enumerations. `define` is one for all definitions. What reads data, and so takes long, comes after it, a transaction each
 * and several at once: `build` (replacements, indexes of existing views), and `populate`, which fills new views.
 */
export type StageName = 'prepare' | 'define' | 'build' | 'populate'

interface StepBase {
  /** Unique in the plan: a key may have a step in several stages. */
  readonly id: string
  readonly stage: StageName
  readonly key: Key
  readonly title: string
  /** The ids of steps, of `build` and `populate`, that must have succeeded before. */
  readonly after: readonly string[]
  /** What it locks: an object and its parts are worked on one step at a time. */
  readonly locks: readonly Key[]
  readonly hazards: readonly Hazard[]
}

/** One object of what is replaced together. */
export interface Replacement {
  readonly key: Key
  readonly title: string
  /** The schema in which it is built, if it is built in one of its own; it exists only inside that transaction. */
  readonly scratch: string | undefined
  /** How names in `statements` are found: as the manifest's SQL has them, or written out as the catalog shows them. */
  readonly path: 'manifest' | 'catalog'
  /** What defines the new one beside the old one, which serves until the swap. */
  readonly statements: readonly Statement[]
  /** What fills it. */
  readonly load: readonly Statement[]
  /** What is made on it once it is filled: its indexes. */
  readonly children: readonly Statement[]
  readonly swap: Swap
  readonly hazards: readonly Hazard[]
}

export interface Swap {
  readonly out: readonly Statement[]
  readonly in: readonly Statement[]
}

export interface ReplaceStep extends StepBase {
  readonly action: 'replace'
  /** Built together, each after what it reads, and swapped together. The step is called after the last. */
  readonly members: readonly Replacement[]
}

export interface PlainStep extends StepBase {
  readonly action: 'create' | 'alter' | 'drop' | 'populate'
  readonly statements: readonly Statement[]
}

export type Step = PlainStep | ReplaceStep

/** Something that keeps the plan from being applied. */
export interface Refusal {
  readonly code: ProblemCode
  readonly key: Key
  readonly title: string
  readonly reason: string
  readonly hint: string
}

/** Something about an object that could not be found out, so that "no changes" can't be said of it. */
export interface Undetermined {
  readonly code: ProblemCode
  readonly key: Key
  readonly title: string
  readonly reason: string
  readonly hint: string
  /** Only since something that it needs is undetermined. */
  readonly follows: boolean
}

/** Something that keeps nothing from being applied, but that whoever applies the plan should know. */
export interface Warning {
  readonly code: ProblemCode
  readonly message: string
}

export interface Plan {
  readonly manifest: string
  readonly searchPath: readonly string[]
  readonly database: { readonly name: string; readonly serverVersion: string; readonly user: string }
  /** Digest of everything that the plan was made from; apply refuses when it is another. */
  readonly fingerprint: string
  readonly changes: readonly PlannedChange[]
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly undetermined: readonly Undetermined[]
  readonly warnings: readonly Warning[]
  /** How many declared objects there are that need nothing. */
  readonly unchanged: number
  /** Of a plan that shows drift alone: how many changes of the manifest and of its sources it does not show. */
  readonly leftOut?: number
  /** How the foreign tables that are spelled out differ from their sources, if these were asked about them. */
  readonly source?: SourceReport
}

/** What a successor follows, as far as it tells what there is to load and to keep. */
export interface Predecessor {
  /** As last counted; null if that is not known. */
  readonly rows: number | null
  readonly bytes: number
  /** `index reports.by_total`: what people have made on it and its successor gets too. */
  readonly keeps: readonly string[]
}

export interface PlannedChange {
  readonly change: Change
  readonly title: string
  /** A few words for its line. */
  readonly summary: string
  /** Attributes of a new object, to be shown under its line. */
  readonly details: readonly (readonly [label: string, text: string])[]
  readonly hazards: readonly Hazard[]
  /** For a replacement: the old one serves until the new one is whole. */
  readonly beside: boolean
  /** Of one that is built in a scratch schema. */
  readonly predecessor?: Predecessor
  /** Why: the manifest says something else, or the source, the database was altered, or something that it reads changes. */
  readonly cause: FieldCause | 'dependency' | undefined
  /** Of the cause `both`: which. */
  readonly causes?: readonly Origin[]
  /** Of the cause `dependency`: the titles of what changes. */
  readonly because: readonly string[]
  /** Other manifests that own it until now. */
  readonly takenFrom: readonly string[]
}

/** How many objects are to be made, altered …. */
export function countsOf({ changes }: Pick<Plan, 'changes'>): Readonly<Record<Change['op'], number>> {
  const count = (op: Change['op']) => changes.filter(({ change }) => change.op === op).length
  return {
    create: count('create'),
    alter: count('alter'),
    replace: count('replace'),
    drop: count('drop'),
    adopt: count('adopt'),
    release: count('release'),
  }
}
