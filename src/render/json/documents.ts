// The shapes of the JSON documents. Each has a published schema in schemas/, and its keys never change.

import type { Change, FieldCause, Origin } from '../../core/change.ts'
import type { Counts } from '../../core/counts.ts'
import type { ExitCode, Place, Problem } from '../../core/errors.ts'
import type { ObjectId } from '../../core/object.ts'
import type { Plan, PlannedChange, Predecessor, Refusal, Step, Undetermined, Warning } from '../../core/plan.ts'
import type { StrategyName } from '../../core/refresh-policy.ts'
import type { NotImported, RefreshOutcome, StepReport } from '../../core/report.ts'
import type { SourceFinding } from '../../core/source.ts'
import type { ObjectState, StatusReport } from '../../core/status.ts'
import type { Verification } from '../../core/verification.ts'
import type { VariableType } from '../../manifest/manifest.ts'

/** The item, with the address of its object in place of the internal key. */
export type Addressed<Item extends { readonly key: unknown }> = Omit<Item, 'key' | 'place'> & {
  readonly address: ObjectId | null
  readonly place?: PlaceDocument
}

/** Without the line of the manifest that a text shows: it may be long, or contain a secret, and the place is enough to find it. */
export type PlaceDocument = Pick<Place, 'file' | 'line' | 'column'>

/** What `plan --format json` prints: `schemas/plan.schema.json`. */
export interface PlanDocument extends Pick<Plan, 'manifest' | 'database' | 'fingerprint' | 'searchPath'> {
  readonly format: 'fdwsync.plan/1'
  readonly summary: Counts & { readonly unchanged: number }
  /** With --drift-only: how many changes of the manifest and of its sources are left out. */
  readonly leftOut?: number
  readonly changes: readonly ChangeDocument[]
  readonly steps: readonly StepDocument[]
  readonly refusals: readonly Addressed<Refusal>[]
  readonly undetermined: readonly Addressed<Undetermined>[]
  /** The messages of `warningDetails`. */
  readonly warnings: readonly string[]
  readonly warningDetails: readonly WarningDocument[]
  readonly source?: SourceDocument
}

/** A warning, and the object that it concerns, if there is one. */
export interface WarningDocument {
  readonly code: Warning['code']
  readonly message: string
  readonly hint: string | null
  readonly address: ObjectId | null
  readonly title?: string
  readonly place?: PlaceDocument
  readonly refusesApply?: true
  readonly reported?: true
}

/** With --check-source: how declared foreign tables differ from their sources. */
export interface SourceDocument {
  readonly servers: readonly { readonly name: string; readonly reachable: boolean | null }[]
  readonly findings: readonly {
    readonly address: ObjectId | null
    readonly title: string
    readonly finding: SourceFinding['finding']
    readonly column: string | null
    readonly here: string | null
    readonly there: string | null
    readonly readsFail: boolean
    readonly message: string
  }[]
}

export interface ChangeDocument extends Pick<PlannedChange, 'title' | 'hazards'> {
  readonly op: Change['op']
  readonly address: ObjectId | null
  readonly cause: FieldCause | 'dependency' | null
  readonly causes?: readonly Origin[]
  readonly causedBy?: readonly string[]
  readonly fields?: readonly FieldDocument[]
  readonly because?: string
  readonly takenFrom?: readonly string[]
  readonly isOfOthers?: true
  readonly setAsideFor?: ObjectId
  readonly keptAs?: ObjectId
  readonly formerly?: ObjectId
  readonly dropped?: 'last' | 'early'
  readonly renamesAside?: true
  readonly renamedByManifest?: true
  readonly online?: boolean
  readonly summary?: string
  readonly details?: PlannedChange['details']
  readonly place?: PlaceDocument
  readonly predecessor?: PredecessorDocument
}

export interface PredecessorDocument extends Omit<Predecessor, 'loses'> {
  readonly loses: readonly { readonly object: string; readonly reason: string }[]
}

export interface FieldDocument {
  readonly field: string
  readonly from: string | null
  readonly to: string | null
  readonly effect: 'alter' | 'rename' | 'replace' | 'populate'
  readonly cause: FieldCause | 'dependency' | null
  readonly causes?: readonly Origin[]
  readonly outdates?: true
  readonly readsEmpty?: true
}

export interface StepDocument extends Pick<Step, 'id' | 'stage' | 'action' | 'title' | 'after' | 'last'> {
  readonly address: ObjectId | null
  readonly database?: string
  readonly statements?: readonly StatementDocument[]
  /** For a replacement: the objects that are built and swapped together. */
  readonly members?: readonly ReplacementDocument[]
}

export interface ReplacementDocument {
  readonly address: ObjectId | null
  readonly title: string
  readonly statements: readonly StatementDocument[]
  readonly load: readonly StatementDocument[]
  readonly parts: readonly StatementDocument[]
  readonly swap: { readonly out: readonly StatementDocument[]; readonly in: readonly StatementDocument[] }
}

/** A statement with secrets is a template: their values are in no document. */
export interface StatementDocument {
  readonly sql: string
  readonly secrets: number
  readonly isResolved?: true
  readonly isInSubtransaction?: true
}

/** What `apply --format json` prints: `schemas/report.schema.json`. */
export interface ReportDocument {
  readonly format: 'fdwsync.report/1'
  readonly manifest: string
  readonly apply: string | null
  readonly summary: { readonly planned: Counts; readonly applied: Counts }
  readonly steps: readonly Addressed<StepReport>[]
  readonly warnings: readonly WarningDocument[]
  readonly undetermined: readonly Addressed<Undetermined>[]
}

/** What `refresh --format json` prints: `schemas/refresh.schema.json`. */
export interface RefreshDocument {
  readonly format: 'fdwsync.refresh/1'
  readonly manifest: string
  readonly views: readonly {
    readonly address: ObjectId | null
    readonly title: string
    readonly how: StrategyName | null
    readonly because: string | null
    readonly rows: number | null
    readonly written: { readonly inserted: number; readonly updated: number; readonly deleted: number } | null
    readonly bytes: number | null
    readonly lastMilliseconds: number | null
    readonly outcome: RefreshOutcome
  }[]
  readonly warnings: readonly WarningDocument[]
  readonly notImported: readonly Addressed<NotImported>[]
}

/** How the contents of a copy compare with its source. Unknown values are null. */
export interface VerificationDocument {
  readonly status: Verification['status']
  readonly rows: number | null
  readonly missing: number | null
  readonly extra: number | null
  readonly different: number | null
  readonly milliseconds: number | null
  readonly reason: string | null
  readonly hint: string | null
}

/** What `refresh --verify --format json` prints: `schemas/verify.schema.json`. */
export interface VerifyDocument {
  readonly format: 'fdwsync.verify/1'
  readonly manifest: string
  readonly copies: readonly (VerificationDocument & { readonly address: ObjectId | null; readonly title: string })[]
}

/** What every command with `--format json` prints if it fails: `schemas/error.schema.json`. */
export interface ErrorDocument {
  readonly format: 'fdwsync.error/1'
  readonly exitCode: ExitCode
  readonly errors: readonly (ProblemDocument & { readonly sqlstate: string | null; readonly detail: string | null })[]
}

/** What `validate --format json` prints for a valid manifest: `schemas/validation.schema.json`. */
export interface ValidationDocument {
  readonly format: 'fdwsync.validation/1'
  readonly manifest: string
  readonly variables: readonly {
    readonly name: string
    readonly type: VariableType
    readonly description: string | null
    readonly default: string | null
    readonly value: string | null
  }[]
  readonly warnings: readonly ProblemDocument[]
}

export interface ProblemDocument extends Pick<Problem, 'code' | 'message'> {
  readonly place: PlaceDocument | null
  readonly hint: string | null
}

interface FreshnessDocument {
  readonly startedAt: string | null
  readonly secondsAgo: number | null
  readonly maxAgeSeconds: number | null
  readonly isStale: boolean
  readonly emptyColumns: readonly string[]
  readonly milliseconds: number | null
  readonly rows: number | null
  readonly nextRun: string | null
}

/** What `status --format json` prints: `schemas/status.schema.json`. */
export interface StatusDocument extends Pick<StatusReport, 'database'> {
  readonly format: 'fdwsync.status/1'
  readonly manifest: string | null
  readonly objects: readonly {
    readonly address: ObjectId
    readonly title: string
    readonly manifests: readonly string[]
    readonly state: ObjectState
    readonly reason: string | null
    readonly populated: boolean | null
    readonly refreshed: string | null
    readonly freshness: FreshnessDocument | null
    readonly indexes: number | null
    readonly sourceReachable: boolean | null
    readonly verification: VerificationDocument | null
  }[]
}
