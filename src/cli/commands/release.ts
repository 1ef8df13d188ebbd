// `fdwsync release`: stops managing objects, and drops nothing.

import { release as releaseObjects } from '../../api/release.ts'
import { keyOf } from '../../core/object.ts'
import { createRunDigests } from '../../introspector/digests.ts'
import { declaredKinds, titleOf } from '../../kinds/registry.ts'
import type { ParsedManifest } from '../../manifest/manifest.ts'
import { connectTo, targetSettings } from '../environment.ts'
import { loadManifest, type ManifestFlags } from '../load-manifest.ts'
import { needsName } from '../needed-references.ts'
import { printWarnings } from '../terminal.ts'
import { type RunFlags, runPlan } from './run-plan.ts'

export interface ReleaseFlags extends RunFlags, ManifestFlags {
  readonly manifest?: string
  readonly database?: string
}

export async function release(patterns: readonly string[], flags: ReleaseFlags): Promise<number> {
  const settings = targetSettings(flags)
  const parsed =
    flags.manifest === undefined ? await loadManifest(flags.file, { ...flags, isNeeded: needsName }) : undefined
  const request = {
    manifest: flags.manifest ?? parsed?.manifest.name ?? '',
    mustExist: flags.manifest !== undefined,
    patterns,
    connect: connectTo(settings, []),
    unattended: flags.autoApprove ?? false,
  }
  return runPlan({
    flags,
    allow: [],
    // Nothing is loaded.
    jobs: 1,
    maxConnections: new Map(),
    sourceTimeoutMilliseconds: 0,
    destroys: false,
    readsStandardInput: flags.manifest === undefined && flags.file.includes('-'),
    start: (options, approve) =>
      releaseObjects({ ...request, options }, (plan, shown) => {
        if (parsed)
          warnOfDeclared(
            parsed,
            plan.changes.map(({ change }) => change.key),
          )
        return approve(plan, shown)
      }),
  })
}

/** What is released and still declared is adopted again by the next apply. */
function warnOfDeclared({ manifest }: ParsedManifest, released: readonly string[]): void {
  const declared = declaredKinds.flatMap((kind) => kind.declare(manifest, createRunDigests()))
  const titles = declared
    .map(({ id }) => id)
    .filter((id) => released.includes(keyOf(id)))
    .map(titleOf)
  if (titles.length === 0) return
  printWarnings([
    `the manifest still declares ${titles.join(', ')}; remove that from it before the next apply, which would adopt it again`,
  ])
}
