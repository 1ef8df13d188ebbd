// `fdwsync release`: stops managing objects, and drops nothing.

import { release as releaseObjects } from '../../library/apply.ts'
import { declaredAmong } from '../../library/author.ts'
import { loadManifest } from '../../library/load-manifest.ts'
import { needsName } from '../../library/needed-references.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
import { printWarnings } from '../terminal.ts'
import { type RunFlags, runPlan } from './run-plan.ts'

export interface ReleaseFlags extends RunFlags, ManifestFlags {
  readonly manifest?: string
}

export async function release(patterns: readonly string[], flags: ReleaseFlags): Promise<number> {
  const loading = { ...loadingOptions(flags, { isNeeded: needsName }), lock: false }
  const parsed = flags.manifest === undefined ? await loadManifest(flags.file, loading) : undefined
  const name = flags.manifest ?? parsed?.manifest.name ?? ''
  return runPlan({
    flags,
    command: 'release',
    readsStandardInput: flags.manifest === undefined && flags.file.includes('-'),
    start: ({ approve, ...options }) =>
      releaseObjects(name, patterns, {
        ...options,
        mustExist: flags.manifest !== undefined,
        approve(plan, refused) {
          const released = plan.changes.map(({ change }) => change.key)
          if (parsed) warnOfDeclared(declaredAmong(parsed, released))
          return approve?.(plan, refused) ?? true
        },
      }),
  })
}

/** What is released and still declared is adopted again by the next apply. */
function warnOfDeclared(titles: readonly string[]): void {
  if (titles.length === 0) return
  printWarnings([
    `the manifest still declares ${titles.join(', ')}; remove that from it, or except it from its mirror, before the next apply, which would adopt it again`,
  ])
}
