// `fdwsync refresh`: refreshes the copies of a manifest.

import { exitCode } from '../../core/errors.ts'
import { withReference } from '../../core/redaction.ts'
import type { RefreshStrategy } from '../../core/refresh-policy.ts'
import type { RefreshReport } from '../../core/report.ts'
import { loadManifest, type ParsedManifest } from '../../library/load-manifest.ts'
import { needsViews } from '../../library/needed-references.ts'
import {
  previewRefresh,
  type RefreshChoice,
  refresh as refreshManifest,
  type VerifyingOptions,
  verify,
} from '../../library/refresh.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { abortOnInterrupt, targetOf } from '../environment.ts'
import { type EventsFlag, printReport } from '../events.ts'
import { followRun } from '../follow-run.ts'
import { refuseToOverwrite } from '../kept-inputs.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface RefreshFlags extends TextFlags, ManifestFlags, EventsFlag {
  readonly database?: string
  readonly ledgerOwner?: string
  readonly format: FormatName
  readonly strategy?: RefreshStrategy
  readonly jobs: number
  readonly timeout?: number
  readonly sourceTimeout: number
  readonly leaseTimeout: number
  readonly stale?: boolean
  readonly unpopulated?: boolean
  readonly dryRun?: boolean
  readonly verify?: boolean
}

export async function refresh(names: readonly string[], flags: RefreshFlags): Promise<number> {
  refuseToOverwrite('--events', flags.events, flags.file)
  const loading = loadingOptions(flags, { isNeeded: needsViews })
  // Copies are refreshed by their definitions and policies in the database.
  const parsed = await loadManifest(flags.file, { ...loading, lock: false, checkSql: false })
  const only = (['stale', 'unpopulated'] as const).filter((state) => flags[state])
  if (flags.verify) return verifyCopies(parsed, { names, only }, flags)
  const choice = { ...targetOf(flags), names, only, strategy: flags.strategy }
  const report = flags.dryRun ? await previewRefresh(parsed, choice) : await refreshCopies(parsed, choice, flags)
  const format = await formats[flags.format]()
  const manifest = withReference(report.manifest, parsed.references)
  printReport(format.refresh({ ...report, manifest }, renderOptions(flags)), flags)
  const isWell = report.views.every(({ outcome: { status } }) => status === 'applied' || status === 'planned')
  return isWell ? exitCode.done : exitCode.dataNotLoaded
}

async function verifyCopies(
  parsed: ParsedManifest,
  chosen: Pick<VerifyingOptions, 'names' | 'only'>,
  flags: RefreshFlags,
): Promise<number> {
  const { sourceTimeout: sourceTimeoutMilliseconds } = flags
  const report = await verify(parsed, {
    ...targetOf(flags),
    ...chosen,
    sourceTimeoutMilliseconds,
    signal: abortOnInterrupt(),
  })
  const format = await formats[flags.format]()
  const manifest = withReference(report.manifest, parsed.references)
  printRendered(format.verify({ ...report, manifest }, renderOptions(flags)))
  const statuses = report.copies.map(({ verification }) => verification.status)
  if (statuses.includes('different')) return exitCode.changes
  return statuses.includes('failed') ? exitCode.dataNotLoaded : exitCode.done
}

function refreshCopies(parsed: ParsedManifest, choice: RefreshChoice, flags: RefreshFlags): Promise<RefreshReport> {
  return followRun(flags, 'refreshing', () =>
    refreshManifest(parsed, {
      ...choice,
      jobs: flags.jobs,
      timeoutMilliseconds: flags.timeout,
      sourceTimeoutMilliseconds: flags.sourceTimeout,
      leaseTimeoutMilliseconds: flags.leaseTimeout,
      signal: abortOnInterrupt(),
    }),
  )
}
