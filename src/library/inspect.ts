// Reads what a database has: objects and their states, the history, the manifests, and a manifest of what exists. Changes nothing.

import { type Exported, exportManifest as exportOn } from '../api/export.ts'
import { applyDetails as detailsOf, history as historyOf, refreshHistory as refreshHistoryOf } from '../api/history.ts'
import { listManifests } from '../api/manifests.ts'
import { status as statusOf } from '../api/status.ts'
import type { ApplyDetails, History, RefreshHistory } from '../core/history.ts'
import type { ManifestList } from '../core/manifest-summary.ts'
import type { KindName } from '../core/object.ts'
import { type ResolvedReference, withReference } from '../core/redaction.ts'
import type { StatusReport } from '../core/status.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import type { ManifestTexts } from '../manifest/texts.ts'
import { mayPlanWithoutParsing, planWithoutParsing } from '../planner/proof/fast-path.ts'
import { onSession } from './on-session.ts'
import { type CommandOptions, type SourceOptions, signalOf, sourceTimeoutOf } from './options.ts'
import { connectTo } from './target.ts'

/** The options of {@link status}. */
export interface StatusListOptions extends SourceOptions {
  /** The manifest whose objects are listed, and compared with their declarations. Default: all, compared with the ledger */
  readonly manifest?: ParsedManifest | undefined
  /** A name as in psql. Default: all */
  readonly pattern?: string | undefined
  /** Only objects of these kinds. Default: all */
  readonly kinds?: readonly KindName[]
  /** List unmanaged objects, too, and those of other manifests. Default: false */
  readonly all?: boolean | undefined
  /** Whether to compare with the sources of the manifest. Default: false */
  readonly checkSource?: boolean | undefined
  /** Whether to compare all rows of copies with those of their sources. Default: false */
  readonly verify?: boolean | undefined
}

/** Lists managed objects and their state. */
export function status(options: StatusListOptions): Promise<StatusReport> {
  const { manifest, pattern, kinds = [], all = false, checkSource = false, verify = false } = options
  const hidden = manifest ? hiddenIn(manifest) : []
  const connect = connectTo(options, hidden)
  const sourceTimeoutMilliseconds = sourceTimeoutOf(options)
  const sources = checkSource ? { connect, timeoutMilliseconds: sourceTimeoutMilliseconds } : undefined
  const verifying = verify ? { connect, sourceTimeoutMilliseconds, hidden, signal: signalOf(options) } : undefined
  return onSession(manifest, options, 'status', (session) =>
    statusOf(session, { manifest, pattern, kinds, all, sources, verifying }),
  )
}

/**
 * The status of a manifest that is proven to be in place, without parsing it; undefined without a proof. Names that come from
 * references are shown as references.
 */
export async function statusUnparsed(
  texts: ManifestTexts,
  options: Omit<StatusListOptions, 'manifest'>,
): Promise<StatusReport | undefined> {
  if (!mayPlanWithoutParsing(texts)) return undefined
  const { pattern, kinds = [], all = false } = options
  return onSession(undefined, options, 'status', async (session) => {
    const inPlace = await planWithoutParsing(session, texts)
    const report = inPlace && (await statusOf(session, { pattern, kinds, all, inPlace }))
    return report && withReferences(report, inPlace)
  })
}

/** The report with references in the place of the names that they resolve to. */
export function withReferences(
  report: StatusReport,
  { references }: { readonly references: readonly ResolvedReference[] },
): StatusReport {
  const shown = (name: string) => withReference(name, references)
  const objects = report.objects.map((object) => ({ ...object, manifests: object.manifests.map(shown) }))
  return { ...report, manifest: report.manifest && shown(report.manifest), objects }
}

/** The options of {@link exportManifest}. */
export interface ExportingOptions extends CommandOptions {
  /** Only these servers, what depends on them, and what they need. Default: all */
  readonly servers?: readonly string[]
  /** Only these schemas and what their objects need. Default: all */
  readonly schemas?: readonly string[]
  /** The name of the manifest. Default: that of the database */
  readonly name?: string | undefined
}

/** Writes a manifest of an existing database. It has references in the place of secrets. */
export function exportManifest(options: ExportingOptions): Promise<Exported> {
  const { servers = [], schemas = [], name } = options
  return onSession(undefined, options, 'export', (session) => exportOn(session, { servers, schemas, name }))
}

/** The options of {@link history}. */
export interface HistoryListOptions extends CommandOptions {
  /** The name of a manifest. Default: all */
  readonly manifest?: string | undefined
  /** Whether it is an error if the database knows no manifest of that name. Default: false */
  readonly mustExist?: boolean
  /** How many at most, newest first. Default: 20 */
  readonly limit?: number
}

/** Lists who applied what, from where, and with what result. */
export function history(options: HistoryListOptions): Promise<History> {
  const { manifest, mustExist = false, limit = 20 } = options
  return onSession(undefined, options, 'history', (session) => historyOf(session, { manifest, mustExist, limit }))
}

/**
 * Shows one apply with its steps.
 * @param id its id, or the beginning of it
 */
export function applyDetails(id: string, options: CommandOptions): Promise<ApplyDetails> {
  return onSession(undefined, options, 'history', (session) => detailsOf(session, id))
}

/** The options of {@link refreshHistory}. */
export interface RefreshHistoryOptions extends CommandOptions {
  /** The name of a manifest. Default: all */
  readonly manifest?: string | undefined
  /** A name as in psql. Default: all copies */
  readonly pattern?: string | undefined
  /** How many at most, newest first. Default: 20 */
  readonly limit?: number
}

/** Lists how copies were refreshed and loaded. */
export function refreshHistory(options: RefreshHistoryOptions): Promise<RefreshHistory> {
  const { manifest, pattern, limit = 20 } = options
  return onSession(undefined, options, 'history', (session) => refreshHistoryOf(session, { manifest, pattern, limit }))
}

/** Lists the manifests that own something, or were applied. */
export function manifests(options: CommandOptions): Promise<ManifestList> {
  return onSession(undefined, options, 'manifests', listManifests)
}
