// The public API of the library. Everything else is internal.

export type { Applied } from './api/apply.ts'
export type { Change, FieldChange } from './core/change.ts'
export type { ProblemCode } from './core/codes.ts'
export type { ExitCode, Place, Problem } from './core/errors.ts'
export { exitCode, FdwsyncError, formatProblem } from './core/errors.ts'
export type { ApplyEvent } from './core/event.ts'
export type { Key, KindName, ObjectId } from './core/object.ts'
export { idOf, keyOf } from './core/object.ts'
export type { Hazard, Plan, PlannedChange, Step } from './core/plan.ts'
export type { RefreshReport, Report, StepOutcome } from './core/report.ts'
export { Secret } from './core/secret.ts'
export type { ObjectState, ObjectStatus, StatusReport } from './core/status.ts'
export { toolVersion } from './core/version.ts'
export type {
  ApplyingOptions,
  CommandOptions,
  ExportingOptions,
  PlanningOptions,
  RefreshingOptions,
  StatusListOptions,
} from './library/commands.ts'
export { apply, exportManifest, plan, refresh, status } from './library/commands.ts'
export type { LoadManifestOptions } from './library/load-manifest.ts'
export { loadManifest } from './library/load-manifest.ts'
export type { Run } from './library/run.ts'
export type { Target } from './library/target.ts'
export type { ParsedManifest } from './manifest/manifest.ts'
