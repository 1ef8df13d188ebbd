// `fdwsync status`: lists managed objects and their state.

import { existsSync } from 'node:fs'
import { exitCode, usageError } from '../../core/errors.ts'
import { kindNamed } from '../../core/object-pattern.ts'
import type { StatusReport } from '../../core/status.ts'
import type { Verification } from '../../core/verification.ts'
import { kinds as kindNames } from '../../library/author.ts'
import { type StatusListOptions, status as statusOf, withReferences } from '../../library/inspect.ts'
import { loadManifestOrStatus } from '../../library/load-manifest.ts'
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
  if (flags.checkSource && !file) {
    throw usageError('--check-source needs a manifest to compare the sources with', 'Name it with -f FILE.')
  }
  const { all, checkSource, verify, sourceTimeout: sourceTimeoutMilliseconds } = flags
  const chosen = { ...targetOf(flags), pattern, kinds, all, checkSource, verify, sourceTimeoutMilliseconds }
  const report = file === undefined ? await statusOf(chosen) : await statusOfManifest(file, chosen, flags)
  const format = await formats[flags.format]()
  printRendered(format.status(report, renderOptions(flags)))
  return flags.check ? checkCodeOf(report) : exitCode.done
}

async function statusOfManifest(
  file: readonly string[],
  chosen: StatusListOptions,
  flags: StatusFlags,
): Promise<StatusReport> {
  const found = await loadManifestOrStatus(file, chosen, loadingOptions(flags, { isNeeded: needsAllButObjects }))
  if ('inPlace' in found) return found.inPlace
  return withReferences(await statusOf({ ...chosen, manifest: found.parsed }), found.parsed)
}

function checkCodeOf({ objects }: StatusReport): number {
  const has = (...states: readonly string[]) => objects.some(({ state }) => states.includes(state))
  const isStale = objects.some(({ freshness }) => freshness?.isStale)
  const isVerifiedAs = (status: Verification['status']) =>
    objects.some(({ verification }) => verification?.status === status)
  if (isStale || isVerifiedAs('different') || has('drifted', 'missing', 'not populated')) return exitCode.changes
  // A database without the objects of a manifest is probably not the one that was meant.
  const isUnknown = has('unknown') || isVerifiedAs('failed') || objects.length === 0
  return isUnknown ? exitCode.undetermined : exitCode.done
}
