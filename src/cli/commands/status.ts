// `fdwsync status`: lists managed objects and their state.

import { existsSync } from 'node:fs'
import { exitCode, usageError } from '../../core/errors.ts'
import { kindNamed } from '../../core/object-pattern.ts'
import { withReference } from '../../core/redaction.ts'
import type { StatusReport } from '../../core/status.ts'
import type { Verification } from '../../core/verification.ts'
import { kinds as kindNames } from '../../library/author.ts'
import { status as statusOf } from '../../library/inspect.ts'
import { loadManifest, type ParsedManifest } from '../../library/load-manifest.ts'
import { needsAllButObjects } from '../../library/needed-references.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { targetOf } from '../environment.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface StatusFlags extends TextFlags, Partial<ManifestFlags> {
  readonly database?: string
  readonly ledgerOwner?: string
  readonly format: FormatName
  readonly kind: readonly string[]
  readonly all?: boolean
  readonly check?: boolean
  readonly checkSource?: boolean
  readonly verify?: boolean
  readonly sourceTimeout: number
}

const defaultFile = 'fdwsync.yaml'

export async function status(pattern: string | undefined, flags: StatusFlags): Promise<number> {
  const kinds = flags.kind.map((kind) => kindNamed(kind, kindNames))
  const file = flags.file ?? (existsSync(defaultFile) ? [defaultFile] : undefined)
  const manifest =
    file === undefined ? undefined : await loadManifest(file, loadingOptions(flags, { isNeeded: needsAllButObjects }))
  if (flags.checkSource && !manifest) {
    throw usageError('--check-source needs a manifest to compare the sources with', 'Name it with -f FILE.')
  }
  const { all, checkSource, verify, sourceTimeout: sourceTimeoutMilliseconds } = flags
  const chosen = { pattern, kinds, all, manifest, checkSource, verify, sourceTimeoutMilliseconds }
  const report = await statusOf({ ...targetOf(flags), ...chosen })
  const format = await formats[flags.format]()
  printRendered(format.status(withReferences(report, manifest), renderOptions(flags)))
  return flags.check ? checkCodeOf(report) : exitCode.done
}

/** With references in the place of names that they resolve to. */
function withReferences(report: StatusReport, parsed: ParsedManifest | undefined): StatusReport {
  if (!parsed) return report
  const shown = (name: string) => withReference(name, parsed.references)
  const objects = report.objects.map((object) => ({ ...object, manifests: object.manifests.map(shown) }))
  return { ...report, manifest: report.manifest && shown(report.manifest), objects }
}

function checkCodeOf({ objects }: StatusReport): number {
  const has = (...states: readonly string[]) => objects.some(({ state }) => states.includes(state))
  const isStale = objects.some(({ freshness }) => freshness?.isStale)
  const isVerifiedAs = (status: Verification['status']) =>
    objects.some(({ verification }) => verification?.status === status)
  if (isStale || isVerifiedAs('different') || has('drifted', 'missing', 'not populated')) return exitCode.changes
  return has('unknown') || isVerifiedAs('failed') ? exitCode.undetermined : exitCode.done
}
