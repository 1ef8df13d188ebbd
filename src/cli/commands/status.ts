// `fdwsync status`: lists managed objects and their state.

import { existsSync } from 'node:fs'
import { status as statusOf } from '../../api/status.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { kindNamed } from '../../core/object-pattern.ts'
import { withReference } from '../../core/redaction.ts'
import type { StatusReport } from '../../core/status.ts'
import { kindNames } from '../../kinds/registry.ts'
import { hiddenIn, type ParsedManifest } from '../../manifest/manifest.ts'
import { type FormatName, formats } from '../../render/formats.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadLockedManifest, type ManifestFlags } from '../load-manifest.ts'
import { needsAllButObjects } from '../needed-references.ts'
import { printRendered, renderOptions, type TextFlags } from '../terminal.ts'

export interface StatusFlags extends TextFlags, Partial<ManifestFlags> {
  readonly database?: string
  readonly ledgerOwner?: string
  readonly format: FormatName
  readonly kind: readonly string[]
  readonly all?: boolean
  readonly check?: boolean
  readonly checkSource?: boolean
  readonly sourceTimeout: number
}

const defaultFile = 'fdwsync.yaml'

export async function status(pattern: string | undefined, flags: StatusFlags): Promise<number> {
  const settings = targetSettings(flags)
  const kinds = flags.kind.map((kind) => kindNamed(kind, kindNames))
  const file = flags.file ?? (existsSync(defaultFile) ? [defaultFile] : undefined)
  const manifest =
    file === undefined ? undefined : await loadLockedManifest(file, { ...flags, isNeeded: needsAllButObjects })
  if (flags.checkSource && !manifest) {
    const hint = 'Name it with -f FILE.'
    throw new FdwsyncError(
      { code: 'usage/invalid-argument', message: '--check-source needs a manifest to compare the sources with', hint },
      exitCode.usage,
    )
  }
  const connect = connectTo(settings, manifest ? hiddenIn(manifest) : [])
  const sources = flags.checkSource ? { connect, timeoutMilliseconds: flags.sourceTimeout } : undefined
  const session = await connect('status')
  try {
    const report = await statusOf(session, { pattern, kinds, all: flags.all ?? false, manifest, sources })
    const format = await formats[flags.format]()
    printRendered(format.status(withReferences(report, manifest), renderOptions(flags)))
    return flags.check ? checkCodeOf(report) : exitCode.done
  } finally {
    await session.close()
  }
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
  if (isStale || has('drifted', 'missing', 'not populated')) return exitCode.changes
  return has('unknown') ? exitCode.undetermined : exitCode.done
}
