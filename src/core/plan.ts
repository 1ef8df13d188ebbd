// A plan: the changes, the steps that carry them out, and what keeps it from being applied.

import type { Change, FieldCause, Origin } from './change.ts'
import type { ProblemCode } from './codes.ts'
import type { LostAttachment } from './dependent.ts'
import type { Place } from './errors.ts'
import type { Key } from './object.ts'
import type { SourceReport } from './source.ts'
import type { Sql, Statement } from './sql.ts'

/** Hazards that `--allow` must accept before an apply. The others are only shown. */
export const hazardsToAllow = ['untrusted-code', 'drops-data', 'drops-dependents', 'exposes-secret'] as const
export type HazardToAllow = (typeof hazardsToAllow)[number]
export type HazardName =
  | HazardToAllow
  | 'blocks-readers'
  | 'changes-result-type'
  | 'hides-built-in'
  | 'names-untrusted-code'
  | 'reads-source'
  | 'rebuilds-dependents'
  | 'recreates-dependents'
  | 'widens-access'

/** An effect of a step that users must know of. Some have to be allowed. */
export interface Hazard {
  readonly name: HazardName
  /** A sentence without the object's name. */
  readonly detail: string
  /** The decision of the policy of the manifest: it needs no `--allow`, or `--allow` does not help. */
  readonly policy?: 'allowed' | 'never'
  /** The roles for which `--auto-approve` is enough. */
  readonly approvers?: readonly string[]
}

export function mustBeAllowed({ name, policy }: Hazard): boolean {
  return policy !== 'allowed' && hazardsToAllow.some((each) => each === name)
}

/**
 * The stages of an apply, in order. `prepare` and `define` are one transaction each: `prepare` for what must be committed
 * before it can be used (values added to enumerations), `define` for all other definitions. `build` (replacements, and
 * indexes of existing views) and `populate` (the first load of new views) read data and take long, so each of their steps
 * is a transaction of its own, and several run at once.
 */
export type StageName = 'prepare' | 'define' | 'build' | 'populate'

interface StepBase {
  /** Unique in the plan. A key is not, since it may have steps in several stages. */
  readonly id: string
  readonly stage: StageName
  readonly key: Key
  readonly title: string
  /** The ids of the `build` and `populate` steps that must succeed first. */
  readonly after: readonly string[]
  /** Two steps with a lock in common do not run at the same time. */
  readonly locks: readonly Key[]
  readonly hazards: readonly Hazard[]
  /** Set if it runs only once all other steps were applied: it drops what may hold data, or what that reads. */
  readonly last?: true
}

/** One object of a {@link ReplaceStep}. */
export interface Replacement {
  readonly key: Key
  readonly title: string
  /** The scratch schema it is built in, if any. That schema exists only inside the transaction. */
  readonly scratch: string | undefined
  /** The search path for `statements`: the manifest's, or the catalog's, under which every name is qualified. */
  readonly path: 'manifest' | 'catalog'
  /** Define the new object while the old one stays in use. */
  readonly statements: readonly Statement[]
  /** Load its data. */
  readonly load: readonly Statement[]
  /** Create its primary key and its children, such as indexes, once it is loaded. */
  readonly children: readonly Statement[]
  readonly swap: Swap
  /** `view reports.daily`: the unmanaged views that the swap repoints at it, as far as the plan knows. */
  readonly repoints: readonly string[]
  readonly hazards: readonly Hazard[]
}

/** Puts the new object in the place of the old one: `out` moves the old one away, `in` the new one in. */
export interface Swap {
  readonly out: readonly Statement[]
  readonly in: readonly Statement[]
}

export interface ReplaceStep extends StepBase {
  readonly action: 'replace'
  /** Built and swapped together, each after those it reads. The step has the title of the last. */
  readonly members: readonly Replacement[]
}

/** A part of what a script runs for a {@link ReplaceStep}, in its transaction. */
export interface ScriptPart {
  /** The object that the statements are about. */
  readonly key: Key
  /** `build materialized view reports.daily` */
  readonly title: string
  /** Statements that set what `statements` run under, unless they are resolved. */
  readonly settings: Sql
  readonly statements: readonly Statement[]
  /** Whether they write to the ledger, which there may not be yet. */
  readonly isForLedger?: true
}

export interface PlainStep extends StepBase {
  readonly action: 'create' | 'alter' | 'drop' | 'populate'
  /** The database of the same server in which the statements run, if that is not the target. */
  readonly database?: string
  readonly statements: readonly Statement[]
}

/** A unit of a plan that is applied or not, in the order of the plan. */
export type Step = PlainStep | ReplaceStep

/** Why the plan cannot be applied. `place`, here and below: where the manifest declares the object, if the plan was asked for that. */
export interface Refusal {
  readonly code: ProblemCode
  readonly key: Key
  readonly title: string
  readonly reason: string
  readonly hint: string
  readonly place?: Place
}

/** An object for which the plan cannot claim "no changes", because something about it is unknown. */
export interface Undetermined {
  readonly code: ProblemCode
  readonly key: Key
  readonly title: string
  readonly reason: string
  readonly hint: string
  readonly place?: Place
  /** Whether it is undetermined only because something that it needs is. */
  readonly follows: boolean
}

/** Does not prevent an apply, but whoever applies the plan should know it. */
export interface Warning {
  readonly code: ProblemCode
  readonly message: string
  readonly hint?: string
  /** The object that it is about, if it is about one. */
  readonly key?: Key
  readonly title?: string
  readonly place?: Place
  /** Whether an apply is refused because of it. A plan only warns, since the cause may be gone by then. */
  readonly refusesApply?: true
  /** Whether the last apply has already reported it. Such a warning stays, and requires no action. */
  readonly isReported?: true
}

/** The changes after which a database matches a manifest, and what prevents them. */
export interface Plan {
  readonly manifest: string
  readonly searchPath: readonly string[]
  readonly database: { readonly name: string; readonly serverVersion: string; readonly user: string }
  /** A digest of all input of the plan. Apply refuses a plan whose fingerprint no longer matches. */
  readonly fingerprint: string
  readonly changes: readonly PlannedChange[]
  readonly steps: readonly Step[]
  readonly refusals: readonly Refusal[]
  readonly undetermined: readonly Undetermined[]
  readonly warnings: readonly Warning[]
  /** The number of declared objects without a change. */
  readonly unchanged: number
  /** In a plan that shows only drift: the number of changes of the manifest and of its sources that it omits. */
  readonly leftOut?: number
  /** How declared foreign tables differ from their sources, if sources were compared (`--check-source`). */
  readonly source?: SourceReport
  /** What a script needs beside the statements of the plan, if the plan was asked for that. */
  readonly script?: PlanScript
}

export interface PlanScript {
  /** Fails if what is replaced, or what others have added to it, has changed since. Undefined if nothing is replaced. */
  readonly check: ScriptPart | undefined
  /** Marks copies in the ledger that have to be read as a whole, in the transaction of the definitions. Undefined if there are none. */
  readonly marks: ScriptPart | undefined
  /** What to run for replacements, by the id of the step. */
  readonly parts: ReadonlyMap<string, readonly ScriptPart[]>
}

/** The live object that a replacement takes the place of. */
export interface Predecessor {
  /** The estimate of the last ANALYZE; null if unknown. */
  readonly rows: number | null
  readonly bytes: number
  /** Titles of what is attached to it and recreated on the new object: `index reports.by_total`. */
  readonly keeps: readonly string[]
  /** What is attached to it and cannot be recreated. */
  readonly loses: readonly LostAttachment[]
}

/** A change of a plan, with its title, its causes and its place in the manifest. */
export interface PlannedChange {
  readonly change: Change
  readonly title: string
  /** A few words for its line in the plan. */
  readonly summary: string
  /** Attributes of a new object, shown below its line. */
  readonly details: readonly (readonly [label: string, text: string])[]
  readonly hazards: readonly Hazard[]
  /** Whether it is a replacement that is built online: the old object stays in use until the swap. */
  readonly beside: boolean
  /** Set for an object that is built in a scratch schema. */
  readonly predecessor?: Predecessor
  /** Why it changes. `dependency`: something that it reads changes. */
  readonly cause: FieldCause | 'dependency' | undefined
  /** Set if the cause is `both`. */
  readonly causes?: readonly Origin[]
  /** If the cause is `dependency`: the titles of the changes that it depends on. */
  readonly because: readonly string[]
  /** Other manifests that have owned it so far. */
  readonly takenFrom: readonly string[]
  readonly place?: Place
}
