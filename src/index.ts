// The public API of the library. Everything else is internal.

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
export type { Verification, VerifyReport } from './core/verification.ts'
export { toolVersion } from './core/version.ts'
export type { ApplyingOptions, RemovingOptions, SavedPlanOptions } from './library/apply.ts'
export { apply, applySavedPlan, destroy, release } from './library/apply.ts'
export type { Pinned, PinningOptions, Starter, StarterOptions, StarterSource } from './library/author.ts'
export { declaredAmong, graph, inspectSource, kinds, lockText, pin, starterManifest } from './library/author.ts'
export type { FleetTarget } from './library/fleet-targets.ts'
export { readTargets } from './library/fleet-targets.ts'
export type {
  ExportingOptions,
  HistoryListOptions,
  RefreshHistoryOptions,
  StatusListOptions,
} from './library/inspect.ts'
export {
  applyDetails,
  exportManifest,
  history,
  manifests,
  refreshHistory,
  status,
  withReferences,
} from './library/inspect.ts'
export type { GivenVariables, LoadedTexts, LoadManifestOptions, Manifest, Variable } from './library/load-manifest.ts'
export {
  hiddenValues,
  loadLockFile,
  loadManifest,
  loadManifestOrPlan,
  loadManifestOrStatus,
  loadManifestWithTexts,
  loadSavedManifest,
  lockPathOf,
} from './library/load-manifest.ts'
export { loadSavedPlan } from './library/load-saved-plan.ts'
export type { IsNeeded } from './library/needed-references.ts'
export { needsAllButObjects, needsName, needsViews } from './library/needed-references.ts'
export type { CommandOptions, RunningOptions, SourceOptions } from './library/options.ts'
export type { Applied } from './library/outcome.ts'
export { exitCodeOf, nothingDone } from './library/outcome.ts'
export type { PlanningOptions, ViewingOptions } from './library/plan.ts'
export { plan, planToSave, savedPlanText } from './library/plan.ts'
export type { RefreshChoice, RefreshingOptions, VerifyingOptions } from './library/refresh.ts'
export { previewRefresh, refresh, verify } from './library/refresh.ts'
export type { Run } from './library/run.ts'
export { schemaNames, schemaText } from './library/schemas.ts'
export { isServerError } from './library/server-error.ts'
export type { Target } from './library/target.ts'
export type { ParsedManifest } from './manifest/manifest.ts'
