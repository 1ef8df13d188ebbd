// `fdwsync refresh`: refreshes the copies of a manifest.

import { previewRefresh, refresh as refreshManifest } from '../../api/refresh.ts'
import { exitCode } from '../../core/errors.ts'
import { withReference } from '../../core/redaction.ts'
import type { RefreshStrategy } from '../../core/refresh-policy.ts'
import { hiddenIn } from '../../manifest/manifest.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { abortOnInterrupt, connectTo, targetSettings } from '../environment.ts'
import { type EventsFlag, eventWriter, printReport } from '../events.ts'
import { loadManifest, type ManifestFlags } from '../load-manifest.ts'
import { needsViews } from '../needed-references.ts'
import { progressOf } from '../progress.ts'
import { renderOptions, type TextFlags } from '../terminal.ts'

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
}

export async function refresh(names: readonly string[], flags: RefreshFlags): Promise<number> {
  const settings = targetSettings(flags)
  const parsed = await loadManifest(flags.file, { ...flags, isNeeded: needsViews })
  const connect = connectTo(settings, hiddenIn(parsed))
  const only = (['stale', 'unpopulated'] as const).filter((state) => flags[state])
  const { strategy } = flags
  const [progress, write] = [progressOf(flags, 'refreshing'), eventWriter(flags)]
  const running = flags.dryRun
    ? previewRefresh(parsed, names, connect, { strategy, only })
    : refreshManifest(parsed, names, connect, {
        strategy,
        only,
        jobs: flags.jobs,
        timeoutMilliseconds: flags.timeout,
        sourceTimeoutMilliseconds: flags.sourceTimeout,
        leaseTimeoutMilliseconds: flags.leaseTimeout,
        hidden: hiddenIn(parsed),
        signal: abortOnInterrupt(),
        emit(event) {
          write(event)
          progress.print(event)
        },
      })
  const report = await running.finally(progress.end)
  const format = await formats[flags.format]()
  const manifest = withReference(report.manifest, parsed.references)
  printReport(format.refresh({ ...report, manifest }, renderOptions(flags)), flags)
  const isWell = report.views.every(({ outcome: { status } }) => status === 'applied' || status === 'planned')
  return isWell ? exitCode.done : exitCode.dataNotLoaded
}
